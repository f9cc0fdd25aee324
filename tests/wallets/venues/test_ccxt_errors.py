"""An exchange's no, and what goes wrong on the way, become one of our few errors, with the exchange's own words."""

import json
import traceback
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stamina

from tests.simulators.server import Exchanges
from tests.wallets.venues.ccxt_venues import ALL, Stand, stand_at, venue_of
from wallets.models import Platform
from wallets.venues.base import (
    OrderRequest,
    VenueAmbiguousError,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)
from wallets.venues.ccxt.opening import open_platform

pytestmark = pytest.mark.offline
NAME = "mq" + "a" * 25
# Where an order is sent, and where balances are read, by exchange.
SENDS = {
    "binance": "/api/v3/order", "binanceusdm": "/fapi/v1/order", "okx": "/trade/order", "bybit": "/order/create",
    "coinbase": "/brokerage/orders", "kraken": "/AddOrder",
}  # fmt: skip
READS = {
    "binance": "/api/v3/account", "binanceusdm": "/v3/balance", "okx": "/account/balance", "bybit": "/wallet-balance",
    "coinbase": "/brokerage/accounts", "kraken": "/BalanceEx",
}  # fmt: skip
TELLING = ("kraken", "bybit", "binance")
Answer = tuple[int, Any]


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


def order(stand: Stand) -> OrderRequest:
    return OrderRequest(NAME, stand.symbol, "buy", Decimal("0.01"))


def binance(code: int, words: str, status: int = 400) -> Answer:
    return status, {"code": code, "msg": words}


def okx(code: str, words: str, status: int = 200) -> Answer:
    return status, {"code": code, "data": [], "msg": words}


def okx_order(code: str, words: str) -> Answer:
    return 200, {"code": "1", "data": [{"clOrdId": "", "ordId": "", "sCode": code, "sMsg": words}], "msg": "failed"}


def bybit(code: int, words: str) -> Answer:
    return 200, {"retCode": code, "retMsg": words, "result": {}, "retExtInfo": {}, "time": 1}


def coinbase(code: str, words: str) -> Answer:
    told = {"error": code, "message": words, "error_details": "", "preview_failure_reason": code}
    return 200, {"success": False, "failure_reason": code, "order_id": "", "error_response": told}


def kraken(words: str) -> Answer:
    return 200, {"error": [words]}


REJECTED, KEY, AWAY, DOUBT = VenueRejectedError, VenueCredentialsError, VenueUnavailableError, VenueAmbiguousError
# What an exchange answers to an order, and what that means: for a no its reason, for the others a part of the sentence.
TABLE: list[tuple[str, Answer, type[VenueError], str]] = [
    ("binance", binance(-2010, "Account has insufficient balance for requested action."), REJECTED, "funds"),
    ("binance", binance(-2010, "Duplicate order sent."), REJECTED, "duplicate"),
    ("binance", binance(-2010, "Order would immediately match and take."), REJECTED, "post_only"),
    ("binance", binance(-2010, "Market is closed."), AWAY, "maintenance"),
    ("binance", binance(-1013, "Filter failure: LOT_SIZE"), REJECTED, "lot_size"),
    ("binance", binance(-1013, "Filter failure: NOTIONAL"), REJECTED, "minimum_notional"),
    ("binance", binance(-1013, "Filter failure: PRICE_FILTER"), REJECTED, "price"),
    ("binance", binance(-1111, "Precision is over the maximum defined for this asset."), REJECTED, "lot_size"),
    ("binance", binance(-1121, "Invalid symbol."), REJECTED, "symbol"),
    ("binance", binance(-1021, "Timestamp for this request is outside of the recvWindow."), AWAY, "Set the clock"),
    ("binance", binance(-2015, "Invalid API-key, IP, or permissions for action.", 401), KEY, "IP, or permissions"),
    ("binance", binance(-2014, "API-key format invalid.", 401), KEY, "format invalid"),
    ("binance", binance(-1022, "Signature for this request is not valid."), KEY, "Signature"),
    ("binance", binance(-1003, "Too much request weight used.", 429), AWAY, "fewer requests"),
    ("binance", binance(-1003, "Way too much request weight used; IP banned.", 418), AWAY, "fewer requests"),
    ("binance", binance(-1015, "Too many new orders."), AWAY, "fewer requests"),
    ("binance", binance(-1007, "Timeout waiting for response; execution status unknown.", 408), DOUBT, "did not say"),
    ("binance", (503, {"msg": "Unknown error, please check your request or try again later."}), DOUBT, "did not say"),
    ("binance", (502, "<html>Bad Gateway</html>"), DOUBT, "did not say"),
    ("binanceusdm", binance(-2019, "Margin is insufficient."), REJECTED, "funds"),
    ("binanceusdm", binance(-4164, "Order's notional must be no smaller than 100."), REJECTED, "minimum_notional"),
    ("binanceusdm", binance(-2022, "ReduceOnly Order is rejected."), REJECTED, "other"),
    ("okx", okx_order("51008", "Order failed. Insufficient USDT balance in account."), REJECTED, "funds"),
    ("okx", okx_order("51121", "Order quantity must be a multiple of the lot size."), REJECTED, "lot_size"),
    ("okx", okx_order("51020", "Your order should meet or exceed the minimum order amount."), REJECTED, "lot_size"),
    ("okx", okx("51001", "Instrument ID doesn't exist."), REJECTED, "symbol"),
    ("okx", okx("50110", "Your IP is not included in your API key's IP whitelist.", 401), KEY, "whitelist"),
    ("okx", okx("50111", "Invalid OK-ACCESS-KEY", 401), KEY, "OK-ACCESS-KEY"),
    ("okx", okx("50105", "Request header OK-ACCESS-PASSPHRASE incorrect.", 401), KEY, "PASSPHRASE"),
    ("okx", okx("50102", "Timestamp request expired", 401), AWAY, "Set the clock"),
    ("okx", okx("50011", "Rate limit reached.", 429), AWAY, "fewer requests"),
    ("okx", okx("50001", "Service temporarily unavailable.", 503), AWAY, "maintenance"),
    ("okx", okx("50004", "API endpoint request timeout.", 400), DOUBT, "did not say"),
    ("bybit", bybit(170131, "Insufficient balance."), REJECTED, "funds"),
    ("bybit", bybit(110007, "ab not enough for new order"), REJECTED, "funds"),
    ("bybit", bybit(170137, "Order quantity has too many decimals."), REJECTED, "lot_size"),
    ("bybit", bybit(170140, "Order value exceeded lower limit."), REJECTED, "minimum_notional"),
    ("bybit", bybit(10001, "params error: symbol invalid"), REJECTED, "symbol"),
    ("bybit", bybit(10003, "API key is invalid."), KEY, "invalid"),
    ("bybit", bybit(33004, "Your api key has expired."), KEY, "expired"),
    ("bybit", bybit(10010, "Unmatched IP, please check your API key's bound IP addresses."), KEY, "Unmatched IP"),
    ("bybit", bybit(10005, "Permission denied, please check your API key permissions."), KEY, "Permission denied"),
    ("bybit", bybit(10002, "invalid request, please check your server timestamp."), AWAY, "Set the clock"),
    ("bybit", bybit(10006, "Too many visits!"), AWAY, "fewer requests"),
    ("bybit", bybit(10000, "Server Timeout"), DOUBT, "did not say"),
    ("coinbase", coinbase("INSUFFICIENT_FUND", "Insufficient balance in source account"), REJECTED, "funds"),
    ("coinbase", coinbase("INVALID_SIZE_PRECISION", "Too many decimals in order amount"), REJECTED, "lot_size"),
    ("coinbase", coinbase("INVALID_PRODUCT_ID", "Invalid product_id"), REJECTED, "symbol"),
    ("coinbase", (401, {"error": "Unauthorized", "message": "Unauthorized"}), KEY, "Unauthorized"),
    ("coinbase", (401, "Unauthorized"), KEY, "refuses the key"),
    ("coinbase", (403, {"error": "PERMISSION_DENIED", "message": "Missing required scopes"}), KEY, "scopes"),
    ("coinbase", (429, {"error": "RESOURCE_EXHAUSTED", "message": "too many requests"}), AWAY, "fewer requests"),
    ("binance", (403, "<html>Request blocked</html>"), AWAY, "does not serve this machine's address"),
    ("coinbase", (500, {"error": "INTERNAL", "message": "Something went wrong"}), DOUBT, "did not say"),
    ("kraken", kraken("EOrder:Insufficient funds"), REJECTED, "funds"),
    ("kraken", kraken("EGeneral:Invalid arguments:volume minimum not met"), REJECTED, "lot_size"),
    ("kraken", kraken("EOrder:Cost minimum not met"), REJECTED, "minimum_notional"),
    ("kraken", kraken("EQuery:Unknown asset pair"), REJECTED, "symbol"),
    ("kraken", kraken("EAPI:Invalid key"), KEY, "EAPI:Invalid key"),
    ("kraken", kraken("EGeneral:Permission denied"), KEY, "Permission denied"),
    ("kraken", kraken("EAPI:Invalid nonce"), AWAY, "a key of its own"),
    ("kraken", kraken("EAPI:Rate limit exceeded"), AWAY, "fewer requests"),
    ("kraken", kraken("EService:Market in cancel_only mode"), AWAY, "maintenance"),
    ("kraken", kraken("EService:Unavailable"), DOUBT, "did not say"),
    ("kraken", kraken("EService:Deadline elapsed"), DOUBT, "did not say"),
]


def name_of(case: Any) -> str | None:
    return json.dumps(case[1])[:50] if isinstance(case, tuple) else None


@pytest.mark.parametrize(("slug", "answer", "kind", "told"), TABLE, ids=name_of)
def test_an_exchanges_no_to_an_order(
    exchanges: Exchanges, slug: str, answer: Answer, kind: type[VenueError], told: str
) -> None:
    stand = stand_at(exchanges, slug)
    status, body = answer
    words = body if isinstance(body, str) else json.dumps(body)
    exchanges.fail(SENDS[slug], "answer", method="POST", status=status, body=words)
    with pytest.raises(VenueError) as said:
        stand.venue.submit(order(stand))
    assert type(said.value) is kind
    if isinstance(said.value, VenueRejectedError):
        assert said.value.reason == told
        assert _own_words(body) in str(said.value)
    else:
        assert told in said.value.sentence.exact
    assert stand.account.orders == []


def _own_words(body: Any) -> str:
    """The exchange's words in its answer."""
    if body.get("data"):
        return str(body["data"][0]["sMsg"])
    if isinstance(body.get("error"), list):
        return str(body["error"][0])
    inner = body.get("error_response") or body
    return str(inner.get("msg") or inner.get("retMsg") or inner.get("message"))


# --- keys and clocks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "wrong"),
    [
        *((slug, wrong) for slug in ALL for wrong in ("unknown", "expired", "elsewhere")),
        *((slug, "secret") for slug in ALL if slug != "coinbase"),  # there another private key is another key
    ],
)
def test_a_key_that_is_refused_is_said_to_be(exchanges: Exchanges, slug: str, wrong: str) -> None:
    stand = stand_at(exchanges, slug)
    venue = stand.venue
    if wrong == "secret":
        sent = {"api_key": stand.wire.key.key, "secret": "d3Jvbmc=", "password": stand.wire.key.password}
        venue = open_platform(Platform(slug=slug, adapter="ccxt"), sent, symbols=tuple)
    stand.wire.key.is_expired, stand.wire.key.is_elsewhere = wrong == "expired", wrong == "elsewhere"
    if wrong == "unknown":
        stand.wire.key.key = "another"
    for question in (venue.balances, venue.check_credentials):
        with pytest.raises(VenueCredentialsError):
            question()


@pytest.mark.parametrize("slug", ALL)
def test_a_key_that_may_only_read_is_told_and_its_orders_are_refused(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.wire.key.rights = {"read"}
    assert stand.venue.check_credentials().can_trade is False
    with pytest.raises(VenueCredentialsError):
        stand.venue.submit(order(stand))
    assert stand.venue.balances()


@pytest.mark.parametrize("slug", ALL)
def test_a_key_that_may_withdraw_is_told(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.wire.key.rights = {"read", "trade", "withdraw"}
    told = stand.venue.check_credentials()
    assert (told.can_withdraw, told.is_told) == (True, True)


def test_the_end_and_the_addresses_of_a_key_are_told_where_the_venue_tells_them(exchanges: Exchanges) -> None:
    kraken, bybit, binance = (stand_at(exchanges, slug).venue.check_credentials() for slug in TELLING)
    assert (kraken.is_bound, str(kraken.expires_at)) == (True, "2028-01-01 00:00:00+00:00")
    assert (bybit.is_bound, str(bybit.expires_at)) == (False, "2027-05-15 03:21:05+00:00")
    assert (binance.is_bound, binance.expires_at) == (False, None)


@pytest.mark.parametrize("slug", [slug for slug in ALL if slug != "coinbase"])
def test_a_wrong_clock_is_said_to_be(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.wire.account.skew_ms = 120_000
    with pytest.raises(VenueUnavailableError, match=r"[Ss]et the clock of"):
        stand.venue.balances()


def test_a_key_is_refused_after_it_worked_too(exchanges: Exchanges) -> None:
    """ccxt takes Binance's -2015 for a full queue once a request has succeeded."""
    stand = stand_at(exchanges, "binance")
    stand.venue.balances()
    stand.wire.key.is_expired = True
    with pytest.raises(VenueCredentialsError, match="Invalid API-key"):
        stand.venue.balances()


# --- the way there and back -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ALL)
@pytest.mark.parametrize("fault", ["lost_after", "cut_after", "truncated"])
def test_an_answer_that_is_lost_leaves_a_doubt_and_one_order(exchanges: Exchanges, slug: str, fault: str) -> None:
    """Faults: the venue took the order, and nobody heard it. It is sent once, and found by its client id."""
    stand = stand_at(exchanges, slug)
    stand.venue._exchange.timeout = 250
    stand.venue.markets()
    exchanges.fail(SENDS[slug], fault, method="POST")
    with pytest.raises(VenueAmbiguousError):
        stand.venue.submit(order(stand))
    assert [one.startswith("POST") and one.endswith(SENDS[slug]) for one in exchanges.asked].count(True) == 1
    found = stand.venue.order(NAME, stand.symbol)
    assert found is not None
    assert (found.status, found.filled_quantity) == ("filled", Decimal("0.01"))
    assert stand.venue.submit(order(stand)) == found
    assert len(stand.account.orders) == 1


@pytest.mark.parametrize("slug", ALL)
@pytest.mark.parametrize("fault", ["lost_before", "answer"])
def test_an_order_that_never_arrived_leaves_a_doubt_and_no_order(exchanges: Exchanges, slug: str, fault: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue._exchange.timeout = 250
    stand.venue.markets()
    exchanges.fail(SENDS[slug], fault, method="POST", status=503, body="")
    with pytest.raises(VenueAmbiguousError):
        stand.venue.submit(order(stand))
    assert stand.venue.order(NAME, stand.symbol) is None
    assert stand.account.orders == []
    assert stand.venue.submit(order(stand)).status == "filled"


def test_an_exchange_that_nobody_reaches_has_taken_nothing(exchanges: Exchanges) -> None:
    stand = stand_at(exchanges, "okx")
    stand.venue.markets()
    stand.venue._exchange.urls["api"] = {"rest": "http://127.0.0.1:9/{hostname}"}
    with pytest.raises(VenueUnavailableError, match="could not be reached"):
        stand.venue.submit(order(stand))
    with pytest.raises(VenueUnavailableError, match="could not be reached"):
        stand.venue.balances()


def test_an_exchange_without_a_lock_on_its_line_has_taken_nothing(exchanges: Exchanges) -> None:
    """No handshake, so nothing was sent."""
    stand = stand_at(exchanges, "okx")
    stand.venue.markets()
    stand.venue._exchange.urls["api"] = {"rest": exchanges.url.replace("http://", "https://") + "/{hostname}"}
    for question in (lambda: stand.venue.submit(order(stand)), stand.venue.balances):
        with pytest.raises(VenueUnavailableError, match="could not be reached"):
            question()
    assert stand.account.orders == []


@pytest.mark.parametrize("slug", ALL)
@pytest.mark.parametrize("fault", ["truncated", "cut_after", "answer"])
def test_a_question_is_asked_again(exchanges: Exchanges, slug: str, fault: str) -> None:
    stand = stand_at(exchanges, slug)
    exchanges.fail(READS[slug], fault, status=503, body="")
    assert stand.venue.balances()
    assert [READS[slug] in one for one in exchanges.asked].count(True) == 2


@pytest.mark.parametrize("slug", ALL)
def test_an_outage_of_one_endpoint_leaves_the_others_alone(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    exchanges.fail(READS[slug], "answer", times=100, status=503, body="")
    with pytest.raises(VenueUnavailableError):
        stand.venue.balances()
    assert stand.venue.tickers([stand.symbol])
    assert stand.venue.submit(order(stand)).status == "filled"


@pytest.mark.parametrize("status", [429, 418])
def test_an_exchange_that_asks_to_be_left_alone_is_left_alone(exchanges: Exchanges, status: int) -> None:
    stand = stand_at(exchanges, "binance")
    body = json.dumps({"code": -1003, "msg": "Too much request weight used."})
    exchanges.fail(READS["binance"], "answer", times=9, status=status, body=body, headers={"Retry-After": "30"})
    with pytest.raises(VenueUnavailableError, match="no request within 30 seconds") as said:
        stand.venue.balances()
    assert said.value.retry_after == timedelta(seconds=30)
    assert [READS["binance"] in one for one in exchanges.asked].count(True) == 1


@pytest.mark.parametrize(
    ("slug", "looks"), [("okx", "/trade/order"), ("bybit", "/order/realtime"), ("coinbase", "/historical/batch")]
)
def test_what_the_venue_took_stays_taken_when_it_cannot_be_asked_afterwards(
    exchanges: Exchanges, slug: str, looks: str
) -> None:
    """The look behind the order fails: that it was taken is known all the same. The others look before, and stop."""
    stand = stand_at(exchanges, slug)
    stand.venue.markets()
    exchanges.fail(looks, "answer", method="GET", times=9, status=503, body="")
    report = stand.venue.submit(order(stand))
    assert (report.status, report.filled_quantity, report.trades) == ("open", 0, ())
    assert report.venue_order_id == str(stand.account.orders[0].number)


# --- fills ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ALL)
def test_fills_that_are_told_twice_and_out_of_order_are_told_once_in_order(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.submit(OrderRequest(NAME, stand.symbol, "buy", Decimal("0.03"), "limit", price=Decimal(40_000)))
    (resting,) = stand.account.orders
    for part in ("0.01", "0.005", "0.015"):
        stand.account.fill(resting, part, "40000")
    stand.account.duplicates_fills = stand.account.reverses_fills = True
    report = stand.venue.order(NAME, stand.symbol)
    assert report is not None
    assert [trade.quantity for trade in report.trades] == [Decimal("0.01"), Decimal("0.005"), Decimal("0.015")]
    assert (report.status, report.filled_quantity) == ("filled", Decimal("0.03"))
    told = stand.venue.trades_since(report.at - timedelta(seconds=2))
    assert [trade.trade_id for trade in told] == [trade.trade_id for trade in report.trades]


# --- secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ALL)
def test_no_error_tells_a_secret_or_a_signed_address(exchanges: Exchanges, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue._exchange.timeout = 250
    stand.venue.markets()
    key = stand.wire.key
    secrets = [key.key, key.secret.splitlines()[1] if "\n" in key.secret else key.secret, key.password, "signature="]
    for fault in ("lost_before", "cut_after", "truncated", "answer"):
        exchanges.fail(READS[slug], fault, times=2, status=503, body="<html>away</html>")
        with pytest.raises(VenueError) as said:
            stand.venue.balances()
        shown = "".join(traceback.format_exception(said.value)) + said.value.sentence.exact
        assert not [secret for secret in secrets if secret and secret in shown], fault
    assert not [secret for secret in secrets if secret and secret in repr(stand.venue._access)]


def test_a_venue_can_be_opened_with_ccxts_own_names(exchanges: Exchanges) -> None:
    wire = exchanges.okx()
    venue = open_platform(
        Platform(slug="okx", adapter="ccxt"),
        {"apiKey": wire.key.key, "secret": wire.key.secret, "password": wire.key.password},
        symbols=tuple,
    )
    assert venue.check_credentials() == venue_of(wire, "okx").check_credentials()
