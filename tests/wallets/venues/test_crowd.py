"""Many accounts asked in one loop hear what one account by itself hears, and say the same of what goes wrong."""

import asyncio
import json
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import stamina
from django.conf import settings

from markets.exchanges import Access
from tests.simulators.account import Held
from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import ALL, DERIVATIVES, PERPETUALS, Stand, stand_at
from tests.wallets.venues.test_ccxt_errors import READS
from wallets.venues.base import VenueError
from wallets.venues.ccxt.crowd import Told, crowd

D = Decimal
# Where an exchange's answer stands in what it sends.
ANSWERS = ("balances", "accounts", "data", "result")


@pytest.fixture(autouse=True)
def _fast_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(settings, "VENUE_TIMEOUT_MS", 400)
    with stamina.set_testing(True, attempts=2):
        yield


def read_all(accesses: Sequence[Access], *, with_positions: bool = True) -> list[Told | BaseException]:
    async def read() -> list[Told | BaseException]:
        with ThreadPoolExecutor(2) as waiting:
            async with crowd(waiting) as accounts:
                readings = (accounts.read(access, with_positions=with_positions) for access in accesses)
                return await asyncio.gather(*readings, return_exceptions=True)

    return asyncio.run(read())


def read(stand: Stand) -> Told | BaseException:
    return read_all([stand.venue._access])[0]


@pytest.mark.parametrize("slug", ALL)
def test_an_account_says_the_same_to_both(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.account.deposit("BTC", "0.000000000000000001")
    if slug in DERIVATIVES:
        market = stand.account.markets[PERPETUALS[slug]]
        stand.account.positions[market.id] = Held(market, D(-3), market.price + 10)
    told = read(stand)
    assert told == Told(stand.venue.balances(), stand.venue.positions())
    assert isinstance(told, Told)
    assert {row.asset for row in told.balances} == {"USDT", "BTC"}
    assert bool(told.positions) == (slug in DERIVATIVES)


@pytest.mark.parametrize("slug", ALL)
def test_what_goes_wrong_is_the_same_error_in_the_same_words(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.markets()
    key = stand.wire.key
    secrets = [key.key, key.secret.splitlines()[1] if "\n" in key.secret else key.secret, key.password, "signature="]
    faults: dict[str, dict[str, Any]] = {
        "hangs": {"kind": "lost_before"},
        "is cut": {"kind": "cut_after"},
        "breaks off": {"kind": "truncated"},
        "is down": {"kind": "answer", "status": 503, "body": ""},
        "has a page instead": {"kind": "answer", "status": 502, "body": "<html>away</html>"},
        "is walled": {"kind": "answer", "status": 403, "body": "<html>go away</html>"},
        "is teapot": {"kind": "answer", "status": 402, "body": "{}"},
        "answers nonsense": {"kind": "answer", "status": 200, "body": json.dumps(dict.fromkeys(ANSWERS, 7))},
        "is busy": {"kind": "answer", "status": 429, "body": "{}", "headers": {"Retry-After": "30"}},
    }
    for name, fault in faults.items():
        exchanges.faults.clear()
        exchanges.fail(READS[slug], times=100, **fault)
        together = read(stand)
        with pytest.raises(VenueError) as alone:
            stand.venue.balances()
        assert isinstance(together, VenueError), name
        assert (type(together), together.sentence.exact) == (type(alone.value), alone.value.sentence.exact), name
        assert getattr(together, "retry_after", None) == getattr(alone.value, "retry_after", None), name
        shown = "".join(traceback.format_exception(together)) + together.sentence.exact
        assert not [secret for secret in secrets if secret and secret in shown], name
    exchanges.faults.clear()
    key.is_expired = True
    refused = read(stand)
    with pytest.raises(VenueError) as alone:
        stand.venue.balances()
    assert isinstance(refused, VenueError)
    assert (type(refused), refused.sentence.exact) == (type(alone.value), alone.value.sentence.exact)


def test_an_exchange_that_nobody_reaches_is_said_to_be(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "okx")
    (told,) = read_all([replace(stand.venue._access, base_url="http://127.0.0.1:9")])
    assert isinstance(told, VenueError)
    assert "could not be reached" in told.sentence.exact


def test_a_question_is_asked_again_and_positions_may_stay_away(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "okx")
    exchanges.fail(READS["okx"], "truncated")
    exchanges.fail("/account/positions", "answer", times=9, status=503, body="")
    told = read(stand)
    assert isinstance(told, Told)
    assert told.balances == stand.venue.balances()
    assert isinstance(told.positions, VenueError)


def test_accounts_share_the_markets_and_nothing_else(exchanges: Exchanges) -> None:
    """Markets are loaded once for all; a key that is refused is one account's."""
    stand = stand_at(exchanges, "binance")
    access = stand.venue._access
    others = [replace(access, credentials={**access.credentials, "secret": "other"})] * 3
    told = read_all([*others, access, *others], with_positions=False)
    assert [isinstance(one, VenueError) for one in told] == [True] * 3 + [False] + [True] * 3
    assert told[3] == Told(stand.venue.balances(), None)
    assert len([one for one in exchanges.asked if "exchangeInfo" in one]) <= 1
