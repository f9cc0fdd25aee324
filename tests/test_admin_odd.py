"""Whatever stands in a row, an address or a field, an operator is answered: no page of the admin breaks."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client

from kit import clock, tenancy
from kit.alerts.services import raise_alert
from kit.users.models import User
from tests.conftest import WORKER, make_user
from tests.test_admin import Fields, admin_url
from tests.wallets.books import keyed_platform
from tests.world import World, lived_database
from trading.models import AiState, RiskLimit
from trading.risk.ai_state import Wish, write_ai_state
from wallets.models import Connection, Platform, Reconciliation, SyncRun, VenuePosition, Wallet
from wallets.venues.credentials import store_credentials

# What somebody may write behind a list's address.
ODD_QUERIES = (
    "q=%27%22%25_%5C", "q=%00", "q=" + "x" * 500, "p=9999", "p=x", "o=99", "o=x", "all=", "e=1", "nonsense=1",
    "id__exact=nonsense", "pk__in=x,y", "created_at__year=x", "owner__id__exact=nonsense", "state__exact=nowhere",
)  # fmt: skip
ODD_VALUES = (
    "", "a\0b", "x" * 6000, "-1", "1e999", "NaN", "Infinity", "[1", "{}", "null", "2026-13-45", "😀", "' OR 1=1 --",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk(django_db_setup: None, django_db_blocker: Any) -> Iterator[Client]:
    """An operator's browser before a fund with odd rows, in a database of this module's own."""
    with django_db_blocker.unblock(), lived_database(f"moniqo_{WORKER}_odd") as world:
        _make_odd(world)
        client = Client(raise_request_exception=False)
        client.force_login(make_user("operator@example.com", is_staff=True, is_superuser=True))
        yield client


def _make_odd(world: World) -> None:
    """Rows as no usual life leaves them, each of them allowed by the database."""
    owner, now = world.owner, clock.now()
    odd = keyed_platform("key")
    Platform.objects.filter(pk=odd.pk).update(
        fees={"maker": "much", "taker": None}, options={"list": [1, {"a": None}], "": ""}, name="<b>&\"'</b>"
    )
    Platform.objects.create(slug="bare", name="", adapter="gone", kind="nowhere", fees=[], options=[])
    with tenancy.tenant(owner.pk):
        bare = Connection.objects.create(
            owner=owner, platform_id="bare", name="Bare", venue="", status_detail="x" * 900
        )
        keyed = Connection.objects.create(
            owner=owner, platform=odd, name="Keyed", venue="nowhere", is_paper=False, state="archived", permissions=[]
        )
        store_credentials(connection=keyed, values={"key": "k"})
        run = SyncRun.objects.create(owner=owner, connection=bare, status="failed", progress=999, step="", error="")
        Reconciliation.objects.create(
            owner=owner,
            run=run,
            asset="X" * 200,
            venue_total=1,
            books_total=0,
            drift=1,
            first_diverging_entry_id=10**15,
        )
        VenuePosition.objects.create(
            owner=owner, connection=bare, symbol="", side="short", quantity=1, entry_price=0, unrealized_pnl=0,
            settle="", at=now,
        )  # fmt: skip
        wallet = Wallet.objects.create(
            owner=owner, name="<i>", role="master", connection=bare, base_asset="", archived_at=now
        )
        RiskLimit.objects.create(owner=owner, wallet=wallet, allowed_symbols={"not": "a list"})
        write_ai_state(wallet=world.farm.wallet, version=0, wish=Wish(note="<script>"))
        raise_alert(owner_id=owner.pk, key="drift:odd", title="{no such figure}", body="{}")


def tables() -> Iterator[tuple[type[models.Model], object]]:
    for label in (
        "wallets",
        "trading",
        "users",
        "alerts",
        "approvals",
        "markets",
        "farms",
        "goals",
        "portfolio",
        "audit",
    ):
        for model in apps.get_app_config(label).get_models():
            if model in admin.site._registry:
                yield model, admin.site._registry[model]


@pytest.mark.slow
def test_rows_that_are_odd_open_in_their_lists_and_by_themselves(desk: Client) -> None:
    broken = {}
    for page in ("/api/v1/platforms", "/api/v1/operator/platforms", "/wallets/connections/new/"):
        answer = desk.get(page)
        if answer.status_code >= 500:
            broken[page] = answer.status_code
    for model in (Platform, Connection, SyncRun, Reconciliation, VenuePosition, Wallet, RiskLimit, AiState):
        with tenancy.system():
            keys = list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:10])
        for page in (admin_url(model, "changelist"), *(admin_url(model, "change", key) for key in keys)):
            answer = desk.get(page)
            if answer.status_code >= 500:
                broken[page] = answer.status_code
    assert broken == {}


@pytest.mark.slow
def test_every_list_opens_sorted_filtered_and_asked_oddly(desk: Client) -> None:
    broken = {}
    for model, _ in tables():
        address = admin_url(model, "changelist")
        page = desk.get(address).content.decode()
        offered = {unescape(found) for found in re.findall(r'href="\?([^"]+)"', page)}
        for query in (*sorted(offered), *ODD_QUERIES):
            answer = desk.get(f"{address}?{query}")
            if answer.status_code >= 500:
                broken[f"{model._meta.label} ?{query[:60]}"] = answer.status_code
    assert broken == {}


@pytest.mark.slow
def test_every_row_opens_and_every_form_takes_or_refuses_what_is_odd(desk: Client) -> None:
    broken = {}
    for model, _ in tables():
        label = model._meta.label
        with tenancy.system():
            rows = model._default_manager.all()
            rows = rows.filter(is_staff=False) if model is User else rows
            keys = list(rows.values_list("pk", flat=True)[:12])
        pages = {"add": admin_url(model, "add"), **{f"change {key}": admin_url(model, "change", key) for key in keys}}
        pages["nobody's"] = admin_url(model, "change", "nonsense")
        for name, page in pages.items():
            opened = desk.get(page)
            if opened.status_code >= 500:
                broken[f"{label} {name}"] = opened.status_code
            sent = Fields(opened.content.decode(), f"{model._meta.model_name}_form").values
            if opened.status_code != 200 or not sent or name not in ("add", *list(pages)[1:3]):
                continue
            for odd in ODD_VALUES:
                given = {field: value if field.endswith("_FORMS") else odd for field, value in sent.items()}
                answer = desk.post(page, given)
                if answer.status_code >= 500:
                    broken[f"{label} {name} {odd[:12]!r}"] = answer.status_code
    assert broken == {}
