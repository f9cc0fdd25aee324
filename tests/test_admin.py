"""Operators reach every table, may change only what is theirs to change, and never see a secret."""

import re
from html.parser import HTMLParser

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from farms.models import Agent, Farm
from kit import tenancy
from kit.audit.models import AuditEntry
from kit.models import ExactField
from kit.users.models import User
from tests.world import World
from trading.models import Order
from wallets.models import Platform, Wallet

OURS = ("users", "audit", "alerts", "approvals", "markets", "wallets", "trading", "farms", "goals", "portfolio")
# A composite key, which the admin cannot register; candles are series, not rows to look at (markets/admin.py).
NOT_IN_ADMIN = {"markets.Candle"}
MODELS = [
    pytest.param(model, id=model._meta.label)
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    if model._meta.label not in NOT_IN_ADMIN
]
APPEND_ONLY = {
    "wallets.Posting",
    "wallets.Transfer",
    "wallets.Entry",
    "wallets.Hold",
    "wallets.Account",
    "trading.OrderEvent",
    "trading.RiskDecision",
    "trading.Fill",
    "trading.Order",
    "portfolio.Snapshot",
}


@pytest.mark.parametrize("model", MODELS)
def test_every_table_is_in_the_admin_with_something_to_search_or_filter_by(model: type[models.Model]) -> None:
    registered = admin.site._registry.get(model)
    assert registered is not None
    assert registered.search_fields or registered.list_filter
    assert tuple(registered.list_display) != ("__str__",)


# What is not counted: there is one of it, or a row is a part of it.
WITHOUT_A_PLURAL = ("performance", "progress", "series")


def test_tables_are_called_as_one_says_in_english() -> None:
    def plural(name: str) -> str:
        if name.endswith(WITHOUT_A_PLURAL):
            return name
        if re.search("[^aeiou]y$", name):
            return f"{name[:-1]}ies"
        return f"{name}es" if re.search("(s|x|z|ch|sh)$", name) else f"{name}s"

    ours = [apps.get_app_config(label) for label in OURS]
    names = {model._meta.label: model._meta for app in ours for model in app.get_models()}
    assert {label: str(meta.verbose_name_plural) for label, meta in names.items()} == {
        label: plural(str(meta.verbose_name)) for label, meta in names.items()
    }


@pytest.mark.parametrize("label", sorted(APPEND_ONLY))
def test_what_only_the_engine_writes_is_read_only_even_for_a_superuser(label: str, operator: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = operator
    registered = admin.site._registry[apps.get_model(label)]
    assert registered.has_view_permission(request)
    assert not registered.has_add_permission(request)
    assert not registered.has_change_permission(request)
    assert not registered.has_delete_permission(request)


def test_every_list_of_the_admin_opens(live_db: str, client: Client, operator: User) -> None:
    client.force_login(operator)
    broken = {}
    for parameter in MODELS:
        meta = parameter.values[0]._meta
        answer = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), {"q": "x"})
        if answer.status_code != 200:
            broken[meta.label] = answer.status_code
    assert broken == {}


def test_a_trader_is_no_operator(client: Client, owner: User) -> None:
    client.force_login(owner)
    assert client.get("/admin/").status_code == 302


class Fields(HTMLParser):
    """What a browser would send for the form `name` of a page without touching it."""

    def __init__(self, page: str, name: str) -> None:
        super().__init__()
        self.name, self.inside, self.select, self.area = name, False, "", ""
        self.values: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        field = given.get("name") or ""
        if tag == "form":
            self.inside = given.get("id") == self.name
        elif not self.inside:
            return
        elif tag == "input" and field and self._is_sent(given):
            self.values.setdefault(field, []).append(given.get("value") or ("on" if "checked" in given else ""))
        elif tag == "select":
            self.select = field
        elif tag == "textarea":
            self.area = field
            self.values[field] = [""]
        elif tag == "option" and self.select and "selected" in given:
            self.values.setdefault(self.select, []).append(given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.values[self.area] = [self.values[self.area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""

    @staticmethod
    def _is_sent(given: dict[str, str | None]) -> bool:
        kind = given.get("type") or "text"
        return kind not in {"submit", "button", "file"} and (kind not in {"checkbox", "radio"} or "checked" in given)


@pytest.fixture
def desk(lived_db: World, operator: User) -> Client:
    """An operator's browser before a fund that has a past; what breaks is an answer, not an exception."""
    client = Client(raise_request_exception=False)
    client.force_login(operator)
    return client


def admin_url(model: type[models.Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def columns(row: models.Model) -> dict[str, object]:
    return {field.name: field.value_from_object(row) for field in row._meta.concrete_fields}


@pytest.mark.slow
def test_every_add_and_change_page_opens_and_takes_what_it_offers(desk: Client, operator: User) -> None:
    """Opened, sent as it is, sent empty and sent with nonsense: never an error of ours, and nothing half-made."""
    broken: dict[str, object] = {}
    asking = RequestFactory().get("/admin/")
    asking.user = operator
    for model, registered in admin.site._registry.items():
        label = model._meta.label
        with tenancy.system():
            # Not the operator, who would lose the right to go on.
            rows = model._default_manager.all()
            row = (rows.filter(is_staff=False) if model is User else rows).first()
            number = model._default_manager.count()
        pages = {"add": admin_url(model, "add")}
        if row is not None:
            pages["change"] = admin_url(model, "change", row.pk)
        for name, page in pages.items():
            opened = desk.get(page)
            if opened.status_code not in {200, 403}:
                broken[f"{label} {name}"] = opened.status_code
            sent = Fields(opened.content.decode(), f"{model._meta.model_name}_form").values
            for kind, values in (
                ("as it is", sent),
                ("empty", dict.fromkeys(sent, "")),
                ("nonsense", {field: "nonsense" if not field.endswith("_FORMS") else sent[field] for field in sent}),
            ):
                answer = desk.post(page, values)
                if answer.status_code not in {200, 302, 403}:
                    broken[f"{label} {name} {kind}"] = answer.status_code
                if name == "change" and kind == "as it is" and registered.has_change_permission(asking):
                    with tenancy.system():
                        now = model._default_manager.get(pk=row.pk)
                    if answer.status_code != 302 or columns(now) != columns(row):
                        broken[f"{label} saved unchanged"] = answer.status_code
        with tenancy.system():
            if model._default_manager.count() != number and label != "audit.AuditEntry":
                broken[f"{label} rows"] = model._default_manager.count()
    assert broken == {}


def test_farms_and_agents_offer_no_form_that_breaks_them_and_can_be_paused(desk: Client) -> None:
    with tenancy.system():
        farm, agent = Farm.objects.filter(status="running").get(), Agent.objects.filter(status="running").first()
    assert agent is not None
    for row, forged in ((farm, {"status": "nonsense"}), (agent, {"strategy": "nonsense"})):
        assert desk.get(admin_url(type(row), "add")).status_code == 403
        assert desk.post(admin_url(type(row), "change", row.pk), forged).status_code == 403
        asked = {"action": "pause", "_selected_action": [str(row.pk)]}
        assert desk.post(admin_url(type(row), "changelist"), asked).status_code == 302
        with tenancy.system():
            assert type(row).objects.get(pk=row.pk).status == "paused"
    assert noted("Farm paused", farm.owner_id).subject == farm.name
    assert noted("Agent paused", agent.owner_id).channel == "admin"


def noted(action: str, owner_id: object) -> AuditEntry:
    with tenancy.system():
        return AuditEntry.objects.get(area="operator", action=action, owner_id=owner_id)


def test_what_an_operator_changes_is_noted_with_what_it_was(desk: Client, operator: User) -> None:
    with tenancy.system():
        wallet = Wallet.objects.filter(role="farm").first()
        platform = Platform.objects.get(slug="demo")
    assert wallet is not None
    page = admin_url(Wallet, "change", wallet.pk)
    values = Fields(desk.get(page).content.decode(), "wallet_form").values
    assert desk.post(page, {**values, "trading_state": "halted", "name": "Mine now"}).status_code == 302
    entry = noted("Wallet changed", wallet.owner_id)
    assert (entry.before, entry.after) == ({"trading_state": "active"}, {"trading_state": "halted"})
    assert (entry.actor_id, entry.channel) == (operator.pk, "admin")
    page = admin_url(Platform, "change", platform.pk)
    values = Fields(desk.get(page).content.decode(), "platform_form").values
    assert desk.post(page, {**values, "adapter": "nonsense"}).status_code == 200
    assert desk.post(page, {**values, "maker": "two"}).status_code == 200
    assert desk.post(page, {**values, "options": "depth is 5"}).status_code == 200
    assert desk.post(page, {**values, "name": "Paper", "taker": "0.25", "options": "depth = 5"}).status_code == 302
    changed = {"name": "Paper", "fees": {"maker": "0.0008", "taker": "0.0025"}, "options": {"depth": "5"}}
    assert noted("Platform changed", operator.pk).after == changed


def test_people_are_made_given_passwords_and_never_deleted(desk: Client, operator: User) -> None:
    new = {"email": "new@example.com", "name": "New", "password1": "quite long 4711", "password2": "quite long 4711"}
    assert desk.post(admin_url(User, "add"), new).status_code == 302
    told = desk.post(admin_url(User, "add"), new | {"email": "NEW@example.com"}).content.decode()
    assert "Somebody has this e-mail address, perhaps in other capitals." in told
    assert "users_email" not in told
    person = User.objects.get(email="new@example.com")
    again = {"password1": "another long 4711", "password2": "another long 4711"}
    assert desk.post(reverse("admin:auth_user_password_change", args=[person.pk]), again).status_code == 302
    assert "4711" not in str(noted("User given a new password", person.pk).__dict__)
    assert "4711" not in str(noted("User added", person.pk).__dict__)
    page = admin_url(User, "change", person.pk)
    values = Fields(desk.get(page).content.decode(), "user_form").values
    for wrong in ({"timezone": "Nowhere/Here"}, {"base_currency": "<b>"}):
        assert desk.post(page, {**values, **wrong}).status_code == 200
    assert desk.post(admin_url(User, "delete", person.pk), {"post": "yes"}).status_code == 403


def test_lifting_a_lock_is_noted(desk: Client, operator: User) -> None:
    Client().post("/login/", {"username": "somebody@example.com", "password": "wrong"})
    attempt = AccessAttempt.objects.get()
    assert desk.post(admin_url(AccessAttempt, "delete", attempt.pk), {"post": "yes"}).status_code == 302
    assert not AccessAttempt.objects.exists()
    assert noted("Access attempt deleted", operator.pk).before["username"] == "somebody@example.com"


def test_amounts_in_lists_have_the_decimals_and_the_code_of_their_asset(desk: Client) -> None:
    pages = {
        model._meta.label: desk.get(admin_url(model, "changelist")).content.decode()
        for parameter in MODELS
        for model in [parameter.values[0]]
    }
    assert {label for label, page in pages.items() if re.search(r"[.,]\d{9}", page)} == set()
    for label, amount in (
        ("wallets.FundAllocation", r"123,456\.78\u00a0USDT"),
        ("wallets.AllocationLine", r"123,456\.78\u00a0USDT"),
        ("wallets.Account", r"\d\u00a0BTC"),
        ("trading.Fill", r"\d\.\d\d\u00a0USDT"),
        ("trading.Order", r"\d\u00a0BTC"),
        ("portfolio.Snapshot", r"\d\.\d\d\u00a0USDT"),
    ):
        assert re.search(amount, pages[label]), label


def test_amounts_of_rows_below_a_row_are_written_so_too(desk: Client) -> None:
    with tenancy.system():
        order = Order.objects.filter(status="filled").first()
    assert order is not None
    page = desk.get(admin_url(Order, "change", order.pk)).content.decode()
    assert re.search(r"\d\.\d\d\u00a0USDT", page)


def test_every_amount_that_a_list_shows_says_where_its_asset_stands() -> None:
    """Only what nothing says the asset of, as the orders of the demo exchange, and fractions may do without."""
    bare = {
        f"{model._meta.label}.{name}"
        for model, shown in admin.site._registry.items()
        for name in shown.list_display
        if isinstance(name, str) and name in {field.name for field in model._meta.concrete_fields}
        if isinstance(model._meta.get_field(name), ExactField)
        if name not in {**shown.units, **shown.prices}
    }
    fractions = {"RebalanceRule.band", "RebalanceRule.automatic_up_to", "RebalanceRun.drift", "RebalanceRun.turnover"}
    assert bare == {f"portfolio.{name}" for name in fractions} | {
        "markets.Instrument.tick_size", "wallets.DemoOrder.price", "wallets.DemoOrder.quantity",
        "wallets.DemoTrade.price", "wallets.DemoTrade.quantity", "wallets.DemoFunding.rate",
        "wallets.DemoFunding.amount", "wallets.DemoFunding.quantity", "wallets.DemoPosition.cost",
        "wallets.DemoPosition.margin",
        # US dollars, which endpoints of language models are paid in
        "farms.AdviceSetting.day_cost", "farms.AdviceSetting.month_cost", "farms.AdviceCall.cost",
    }  # fmt: skip
