"""What a real account holds is valued by its exchange's prices, which are followed from then on."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from kit import tenancy
from kit.users.models import User
from markets.models import Instrument, Ticker
from markets.prices import prices_in
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection
from wallets.sync.following import collect_exchange, exchanges_to_follow
from wallets.sync.listing import needed
from wallets.sync.runs import sync_connection
from wallets.venues.base import MarketReport
from wallets.venues.joining import join, platform_of

D = Decimal


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
    assert exchanges_to_follow() == ["okx"]
    with tenancy.tenant(owner.pk):
        made.switch("paused")
        made.save(update_fields=made.SWITCHED)
    assert exchanges_to_follow() == []
