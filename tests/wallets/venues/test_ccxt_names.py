"""A client order id survives every venue's idea of a name."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.orders.intents import client_order_id
from wallets.venues.ccxt.dialects import DIALECTS

pytestmark = pytest.mark.offline
# What each venue's documents allow.
RULES = {
    "binance": r"[.A-Z:/a-z0-9_-]{1,36}",
    "binanceusdm": r"[.A-Z:/a-z0-9_-]{1,36}",
    "okx": r"[A-Za-z0-9]{1,32}",
    "bybit": r"[A-Za-z0-9_-]{1,36}",
    "coinbase": r"[A-Za-z0-9_-]{1,128}",
    "kraken": r"[0-9a-f]{32}",
}


@given(st.uuids(), st.text(max_size=20), st.sampled_from(sorted(RULES)))
def test_ours_are_allowed_everywhere_and_are_recognised(owner_id: UUID, key: str, venue: str) -> None:
    name, names = client_order_id(owner_id, key), DIALECTS[venue].names
    assert re.fullmatch(RULES[venue], names.sent(name))
    assert names.heard(names.sent(name)) == name


@given(st.text(min_size=1, max_size=60), st.sampled_from(sorted(RULES)))
def test_any_other_is_rewritten_into_one_that_is_allowed_and_always_the_same(name: str, venue: str) -> None:
    names = DIALECTS[venue].names
    assert re.fullmatch(RULES[venue], names.sent(name))
    assert names.sent(name) == names.sent(name)


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, max_size=20), st.sampled_from(sorted(RULES)))
def test_two_of_them_never_share_a_name(ids: list[str], venue: str) -> None:
    assert len({DIALECTS[venue].names.sent(one) for one in ids}) == len(ids)


def test_what_somebody_else_named_keeps_its_name() -> None:
    assert DIALECTS["kraken"].names.heard("arb-20240509-00010") == "arb-20240509-00010"
    assert (
        DIALECTS["kraken"].names.heard("6d1b345e-2821-40e2-ad83-4ecb18a06876") == "6d1b345e-2821-40e2-ad83-4ecb18a06876"
    )
    assert DIALECTS["okx"].names.heard("x-123") == "x-123"
