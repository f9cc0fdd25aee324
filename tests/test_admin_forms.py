"""Every form of the admin: what it takes is saved, what is wrong is refused, and nothing else is offered."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.test import Client, RequestFactory

from farms.models import AdviceEndpoint
from kit import tenancy
from kit.users.models import User
from tests.conftest import make_user
from tests.farms.advice.conftest import make_endpoint
from tests.test_admin import Fields, admin_url, columns, desk
from tests.wallets.books import keyed_platform
from wallets.models import Platform, Wallet

__all__ = ["desk"]

HOSTILE = ("a\0b", "x" * 6000, "1e999", "NaN", "１０", "1_000", "[1", "null", "' OR 1=1 --", "\ud7ff\U0010ffff" * 2000)

UNTICKED = "unticked"  # a box that a browser does not send


@dataclass(frozen=True)
class Form:
    """What a form takes beside what it shows, and values of fields that it refuses."""

    takes: dict[str, str] = field(default_factory=dict)
    refuses: dict[str, tuple[str, ...]] = field(default_factory=dict)


PLATFORM = {
    "maker": ("-1", "11", "101", "two", *HOSTILE),
    "taker": ("11", "much", *HOSTILE),
    "options": ("depth is 5", "depth = 0", "depth = much", "maker = 5", "depth = 5\ndepth = 6", "slippage_bps = 1e9"),
    "adapter": ("nonsense", *HOSTILE),
    "kind": ("nowhere", *HOSTILE),
    "base_url": ("javascript:alert(1)", "no address", "a\0b"),
    "capabilities": ("telepathy",),
    "name": ("", "a\0b", "x" * 6000),
}
PLATFORM_LIMIT = {
    "platform": ("nowhere", ""),
    "maximum_notional": ("-1", "0", *HOSTILE),
    "maximum_distance": ("0", "101", "-0.1", *HOSTILE),
    "notional_asset": ("", "a\0b", "x" * 6000),
}
CREDENTIAL = {"pattern": ("(", "[a-", "a\0b"), "name": ("", "a\0b", "x" * 6000), "position": ("-1", "NaN", "1e9", "")}
ENDPOINT = {
    "name": ("", "a\0b", "x" * 6000),
    "base_url": ("", "javascript:alert(1)", "https://name:secret@example.com", "https://example.com/v1?key=1", "a\0b"),
    "model": ("", "a\0b", "x" * 6000),
    "value": ("a key", "schlüssel", "a\0b"),
    "price_in": ("-1", *HOSTILE),
    "price_out": ("-1", *HOSTILE),
    "most_tokens": ("49", "32001", *HOSTILE),
    "seconds": ("0", "301", *HOSTILE),
    "stopped": ("x" * 6000,),
}
PERSON = {
    "email": ("", "nobody", "a\0b", "x" * 6000),
    "timezone": ("Nowhere/Here", "a\0b", ""),
    "base_currency": ("<b>", "", "a\0b"),
    "number_format": ("roman",),
    "theme": ("plaid",),
}
# Of each table: the form of a new row, and that of a row that there is. What is not named offers neither.
FORMS: dict[str, tuple[Form | None, Form | None]] = {
    "wallets.Platform": (
        Form({"slug": "paper-two", "name": "Paper two", "adapter": "demo", "kind": "exchange", "is_paper": "on",
              "maker": "0.1", "taker": "0.2", "options": "depth = 1000\nslippage_bps = 3"},
             PLATFORM | {"slug": ("", "no slug", "a\0b", "demo"), "is_paper": ("",)}),
        Form({"name": "Paper", "taker": "0.25", "options": "depth = 5"}, PLATFORM),
    ),
    "wallets.CredentialField": (
        Form({"platform": "keyed", "name": "second", "label": "Second", "help": "Yours", "position": "2"},
             CREDENTIAL | {"platform": ("nowhere",)}),
        Form({"label": "Another"}, CREDENTIAL),
    ),
    "wallets.Connection": (None, Form({"state": "paused"}, {"state": ("nowhere", "archived", *HOSTILE)})),
    "trading.PlatformLimit": (
        Form({"platform": "demo", "maximum_notional": "5000", "notional_asset": "USDT", "maximum_distance": "5"},
             PLATFORM_LIMIT),
        Form({"maximum_notional": "6000"}, PLATFORM_LIMIT),
    ),
    "wallets.Credential": (
        Form({}, {"connection": ("nonsense",), "field": ("unknown", "a\0b"), "value": ("", "a\0b")}),
        None,
    ),
    "farms.AdviceEndpoint": (
        Form({"name": "Another", "base_url": "https://models.example.com/v1", "model": "m", "value": "sk-1",
              "price_in": "0.15", "price_out": "0.6"},
             ENDPOINT | {"name": ("", "Simulated", "a\0b", "x" * 6000)}),
        Form({"model": "another", "stopped": "", "value": "sk-2"}, ENDPOINT),
    ),
    "wallets.Wallet": (None, Form({"trading_state": "halted"}, {"trading_state": ("nowhere", *HOSTILE)})),
    "wallets.WalletRule": (None, Form({})),
    "markets.Instrument": (None, Form({"is_active": UNTICKED})),
    "users.User": (
        Form({"email": "new@example.com", **dict.fromkeys(("password1", "password2"), "long enough 4711")},
             {"email": ("", "nobody", "a\0b", "owner@example.com"), "password2": ("another", "")}),
        Form({"name": "Renamed", "timezone": "Europe/Berlin"}, PERSON),
    ),
}  # fmt: skip


def row_of(model: type[models.Model]) -> models.Model | None:
    with tenancy.system():
        rows = model._default_manager.all()
        if model is User:  # not the operator, who would lose the right to go on
            rows = rows.filter(is_staff=False)
        if model is Platform:
            rows = rows.filter(slug="demo")
        if model is Wallet:
            rows = rows.filter(role="farm")
        return rows.order_by("pk").first()


def as_shown(desk: Client, model: type[models.Model], page: str) -> dict[str, Any]:
    values: dict[str, Any] = Fields(desk.get(page).content.decode(), f"{model._meta.model_name}_form").values
    return values


@pytest.fixture
def world(desk: Client) -> Client:
    """With a platform that asks for a key, so that there is a row of everything that can be written."""
    keyed_platform("key")
    make_user("owner@example.com")
    with tenancy.system():
        is_there = AdviceEndpoint.objects.filter(name="Simulated").exists()  # one that a world brought stays
    if not is_there:
        make_endpoint("https://models.example.com/v1")
    return desk


@dataclass
class Submitting:
    """Sends the forms of one table."""

    desk: Client
    model: type[models.Model]
    most: int
    count: int = 0

    def send(self, page: str, values: dict[str, Any]) -> Any:
        self.count += 1
        return self.desk.post(page, values)

    def rows(self) -> int:
        with tenancy.system():
            return self.model._default_manager.count()

    def add(self, form: Form | None) -> dict[str, Any]:
        """What is wrong with the form of a new row."""
        page = admin_url(self.model, "add")
        if form is None:
            return {} if self.send(page, {}).status_code == 403 else {"add": "offered"}
        shown, before = as_shown(self.desk, self.model, page), self.rows()
        wrong = {f"add {name}": told for name, told in self.refusals(page, form, shown).items()}
        if self.rows() != before:
            wrong["add"] = "made what it refuses"
        answer = self.send(page, {**shown, **form.takes}) if form.takes else None
        if answer is not None and (answer.status_code, self.rows()) != (302, before + 1):
            wrong["added"] = re.findall(r"errorlist.*?</ul>", answer.content.decode(), re.DOTALL)
        return wrong

    def change(self, form: Form | None) -> dict[str, Any]:
        """What is wrong with the form of a row that there is."""
        row = row_of(self.model)
        if row is None:
            return {}
        page = admin_url(self.model, "change", row.pk)
        if form is None:
            return {} if self.send(page, {}).status_code == 403 else {"change": "offered"}
        shown, was = as_shown(self.desk, self.model, page), columns(row)
        wrong: dict[str, Any] = {**self.refusals(page, form, shown)}
        if self.columns(row) != was:
            wrong["changed"] = "what it refuses"
        filled = {name: value for name, value in {**shown, **form.takes}.items() if value != UNTICKED}
        answer = self.send(page, filled)
        if answer.status_code != 302 or (form.takes and self.columns(row) == was):
            wrong["saved"] = answer.status_code
        return wrong

    def columns(self, row: models.Model) -> dict[str, object]:
        with tenancy.system():
            return columns(self.model._default_manager.get(pk=row.pk))

    def refusals(self, page: str, form: Form, shown: dict[str, Any]) -> dict[str, int]:
        """The hostile values that were not refused with the form and its errors."""
        wrong = {}
        for name, values in form.refuses.items():
            for value in values[: self.most]:
                answer = self.send(page, {**shown, **form.takes, name: value})
                # What holds a NUL is a damaged request, which no form is asked about.
                status = 400 if "\0" in value else 200
                if answer.status_code != status or (status == 200 and b"errorlist" not in answer.content):
                    wrong[f"{name}={value[:30]!r}"] = answer.status_code
        return wrong


@pytest.mark.parametrize("most", [1, pytest.param(20, marks=pytest.mark.slow)])
def test_each_form_saves_what_is_right_and_refuses_what_is_wrong(world: Client, most: int) -> None:
    """With so many of the hostile values of each field."""
    wrong: dict[str, Any] = {}
    submitted = 0
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        label = model._meta.label
        new, changed = FORMS.get(label, (None, None))
        submitting = Submitting(world, model, most)
        found = submitting.add(new) | submitting.change(changed)
        wrong |= {f"{label} {name}": told for name, told in found.items()}
        submitted += submitting.count
    print(f"{submitted} forms submitted")
    assert wrong == {}
    assert submitted > (150 if most > 1 else 60)


def test_what_must_not_change_is_shown_and_asked_for_nowhere(world: Client, operator: User) -> None:
    """Only these tables have a field that an operator may write."""
    request = RequestFactory().get("/admin/")
    request.user = operator
    writable = {
        model._meta.label
        for model, shown in admin.site._registry.items()
        if shown.has_add_permission(request) or shown.has_change_permission(request)
    }
    assert writable == set(FORMS)


@pytest.mark.slow
def test_every_action_works_on_every_row_and_on_none(world: Client, operator: User) -> None:
    request = RequestFactory().get("/admin/")
    request.user = operator
    broken, taken = {}, 0
    for model, shown in admin.site._registry.items():
        with tenancy.system():
            keys = [str(key) for key in model._default_manager.values_list("pk", flat=True)[:50]]
        for action in shown.get_actions(request):
            for name, chosen in (("rows", keys), ("none", []), ("nobody's", ["nonsense"])):
                taken += 1
                asked = {"action": action, ACTION_CHECKBOX_NAME: chosen}
                answer = world.post(admin_url(model, "changelist"), asked)
                if answer.status_code not in (200, 302):
                    broken[f"{model._meta.label} {action} {name}"] = answer.status_code
        answer = world.post(admin_url(model, "changelist"), {"action": "nonsense", ACTION_CHECKBOX_NAME: keys})
        if answer.status_code not in (200, 302):
            broken[f"{model._meta.label} nonsense"] = answer.status_code
    assert broken == {}
    assert taken > 10
