"""What a real account holds is valued by its exchange's prices, which are followed from then on."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client

from kit import tenancy
from kit.users.models import User
from markets.exchanges import forget_markets
from markets.models import Instrument, Ticker
from markets.prices import prices_in
from portfolio.services import take_snapshots
from tests.programs import bearer
from tests.simulators.account import Market
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection, Wallet
from wallets.sync.following import collect_exchange, exchanges_to_follow
from wallets.sync.listing import needed
from wallets.sync.runs import sync_connection
from wallets.venues.base import MarketReport
from wallets.venues.joining import join, platform_of

D = Decimal
EUROS = Market("EURUSDT", "EUR", "USDT", D("1.10"), D("0.0001"), D("0.1"))


def market(symbol: str) -> MarketReport:
    base, quote = symbol.split("/")
    return MarketReport(symbol, base, quote, D("0.01"), D("0.001"), D(5))


@pytest.mark.parametrize(
    ("assets", "base", "symbols"),
    [
        ({"BTC"}, "USDT", ["BTC/USDT"]),
        ({"USDT"}, "USDT", []),
        ({"BTC", "EUR"}, "EUR", ["BTC/EUR"]),
        ({"DOGE"}, "EUR", ["DOGE/USDT", "EUR/USDT"]),
        ({"USD"}, "USDT", ["USDT/USD"]),
        ({"NOBODY"}, "USDT", []),
    ],
)
def test_each_asset_is_led_to_the_owner_s_currency(assets: set[str], base: str, symbols: list[str]) -> None:
    offered = [market(name) for name in ("BTC/USDT", "BTC/EUR", "EUR/USDT", "DOGE/USDT", "USDT/USD", "DOGE/BTC")]
    assert needed(offered, assets=assets, base=base) == symbols


@pytest.fixture
def account(owner: User, exchanges: Exchanges) -> Iterator[Connection]:
    give_true_keys(exchanges)
    exchanges.binance().account.deposit("BTC", D("0.5"))
    exchanges.binance().account.deposit("USDT", D(1000))
    key = key_of(exchanges.binance())
    with tenancy.tenant(owner.pk):
        yield join(owner_id=owner.pk, platform=platform_of("binance"), name="Mine", credentials=key)


def test_the_first_sync_knows_what_the_account_is_worth(account: Connection, exchanges: Exchanges) -> None:
    sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    bitcoin = Instrument.objects.get(venue="binance", symbol="BTC/USDT")
    assert (bitcoin.base, bitcoin.quote, bitcoin.is_simulated) == ("BTC", "USDT", False)
    quote = prices_in(assets={"BTC"}, base="USDT", venue="binance")["BTC"]
    assert (quote.price, quote.source, quote.is_carried) == (
        Ticker.objects.get(instrument=bitcoin).price,
        "binance",
        False,
    )
    asked = len(exchanges.asked)
    sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    assert not [path for path in exchanges.asked[asked:] if "ticker" in path or "exchangeInfo" in path]


def test_an_exchange_without_prices_is_synced_all_the_same(account: Connection, exchanges: Exchanges) -> None:
    exchanges.fail("ticker", "answer", times=9, status=503)
    run = sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    assert run.status == "ok"
    assert not Ticker.objects.filter(instrument__venue="binance").exists()


def test_the_exchanges_of_accounts_are_followed(account: Connection, exchanges: Exchanges) -> None:
    sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    Ticker.objects.all().delete()
    quoted = collect_exchange("binance")
    assert set(quoted) == set(Instrument.objects.filter(venue="binance").values_list("pk", flat=True))
    assert Ticker.objects.filter(instrument__venue="binance").count() == len(quoted)


def test_paper_and_paused_accounts_are_followed_by_nobody(live_db: str, owner: User, exchanges: Exchanges) -> None:
    give_true_keys(exchanges)
    with tenancy.tenant(owner.pk):
        made = join(owner_id=owner.pk, platform=platform_of("okx"), name="Mine", credentials=key_of(exchanges.okx()))
        Connection.objects.create(owner=owner, platform_id="demo", name="Paper", venue="kraken")
        key = key_of(exchanges.binance())
        futures = join(owner_id=owner.pk, platform=platform_of("binanceusdm"), name="Futures", credentials=key)
    assert exchanges_to_follow() == ["okx"]
    Instrument.objects.create(
        venue="binance", symbol="EUR/USDT", base="EUR", quote="USDT", tick_size=D("0.0001"), lot_size=D("0.1")
    )
    assert exchanges_to_follow() == ["binance", "okx"]  # whose spot markets price the derivatives
    with tenancy.tenant(owner.pk):
        for one in (made, futures):
            one.switch("paused")
            one.save(update_fields=one.SWITCHED)
    assert exchanges_to_follow() == []


@pytest.fixture(autouse=True)
def _fresh_markets() -> Iterator[None]:
    """No test is told of the markets of another."""
    forget_markets()
    yield
    forget_markets()


def with_euros(exchanges: Exchanges) -> None:
    exchanges.binance().account.markets["EURUSDT"] = EUROS


def test_an_exchange_of_derivatives_alone_is_priced_by_the_one_it_is_named_after(
    owner: User, exchanges: Exchanges
) -> None:
    """Who counts in EUR sees what a USD-M account is worth; where nothing leads there, it is said and not left out."""
    give_true_keys(exchanges)
    exchanges.binance().futures.deposit("USDT", D(1100))
    with_euros(exchanges)
    program = Client(headers=bearer(owner))
    with tenancy.tenant(owner.pk):
        key = key_of(exchanges.binance())
        made = join(owner_id=owner.pk, platform=platform_of("binanceusdm"), name="Futures", credentials=key)
        for currency, worth, unpriced in (("USDT", D(1100), []), ("EUR", D(1000), []), ("GBP", None, ["USDT"])):
            User.objects.filter(pk=owner.pk).update(base_currency=currency)
            sync_connection(owner_id=owner.pk, connection_id=made.pk)
            take_snapshots(owner_id=owner.pk)
            shown = program.get("/api/v1/portfolio/summary").json()
            assert (shown["equity"] and round(D(shown["equity"]), 6), shown["unpriced"]) == (worth, unpriced)
    quote = prices_in(assets={"USDT"}, base="EUR", venue="binanceusdm")["USDT"]
    assert (quote.source, round(quote.price, 6)) == ("binance", round(1 / D("1.10"), 6))


def test_a_market_that_leads_nowhere_is_no_price(account: Connection, exchanges: Exchanges) -> None:
    """BTC/USDT was known, and is no price in EUR while nothing leads on from USDT."""
    with_euros(exchanges)
    sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    User.objects.filter(pk=account.owner_id).update(base_currency="EUR")
    assert not prices_in(assets={"BTC", "USDT"}, base="EUR", venue="binance")
    sync_connection(owner_id=account.owner_id, connection_id=account.pk)
    assert prices_in(assets={"BTC", "USDT"}, base="EUR", venue="binance").keys() == {"BTC", "USDT"}


def test_a_real_account_offers_the_usual_currencies_to_count_in(
    account: Connection, client: Client, exchanges: Exchanges
) -> None:
    client.force_login(account.owner)
    assert '<option value="EUR"' in client.get("/preferences/").content.decode()
    asked = {"name": "Euros", "connection": str(account.pk), "base_asset": "EUR"}
    assert client.post("/wallets/new/", asked).status_code == 302
    assert Wallet.objects.get(name="Euros").base_asset == "EUR"
