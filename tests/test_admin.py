"""Operators reach every table, may change only what is theirs to change, and never see a secret."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client, RequestFactory
from django.urls import reverse

from kit.users.models import User

OURS = ("users", "audit", "alerts", "markets", "wallets", "trading", "farms", "portfolio")
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
