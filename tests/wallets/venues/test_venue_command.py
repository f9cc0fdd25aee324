"""`manage.py venue` prints what the adapter understood: decimals as text, and never a secret."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import stamina
from django.conf import settings
from django.core.management import call_command

from kit import tenancy
from kit.embedded.environment import DATABASE_VARIABLES, ROOT
from kit.errors import ConflictError, InvalidInputError, MoniqoError, NotFoundError
from kit.users.models import User
from tests.conftest import address
from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire
from tests.wallets.venues.ccxt_venues import ALL, DERIVATIVES, PERPETUAL, stand_at
from wallets.models import Connection, Platform
from wallets.venues.base import OrderRequest, VenueCredentialsError
from wallets.venues.credentials import store_credentials

NAME = "mq" + "a" * 25


@pytest.fixture(autouse=True)
def _fast_retries() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def printed(*arguments: str) -> Any:
    out = StringIO()
    call_command("venue", *arguments, "--json", stdout=out)
    return json.loads(out.getvalue())


def keys(wire: Wire, folder: Path, *, camel: bool = False) -> str:
    """A file with the keys; `camel` as ccxt names them."""
    file = folder / "keys.json"
    file.write_text(
        json.dumps(
            {"apiKey" if camel else "api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
        )
    )
    return str(file)


@pytest.mark.parametrize("slug", ALL)
@pytest.mark.parametrize("camel", [False, True])
def test_an_account_is_printed_to_the_last_digit(
    db: None, exchanges: Exchanges, tmp_path: Path, slug: str, camel: bool
) -> None:
    stand = stand_at(exchanges, slug)
    stand.account.deposit("USDT", "0.123456789012345678")
    stand.venue.submit(OrderRequest(NAME, stand.symbol, "buy", Decimal("0.01"), "limit", price=Decimal(40_000)))
    file = keys(stand.wire, tmp_path, camel=camel)
    (balance,) = printed(slug, "balances", "--credentials", file)
    assert (balance["asset"], balance["total"]) == ("USDT", "100000.123456789012345678")
    (order,) = printed(slug, "orders", "--credentials", file)
    assert (order["client_order_id"], order["quantity"], order["status"]) == (NAME, "0.01", "open")
    (told,) = printed(slug, "permissions", "--credentials", file)
    assert (told["can_trade"], told["can_withdraw"]) == (True, False)


@pytest.mark.parametrize("slug", DERIVATIVES)
def test_positions_are_printed(db: None, exchanges: Exchanges, tmp_path: Path, slug: str) -> None:
    stand = stand_at(exchanges, slug)
    stand.venue.submit(OrderRequest(NAME, PERPETUAL, "buy", Decimal("0.5")))
    (position,) = printed(slug, "positions", "--credentials", keys(stand.wire, tmp_path))
    assert (position["symbol"], position["side"], position["quantity"]) == (PERPETUAL, "long", "0.5")
    (trade,) = printed(slug, "trades", "--symbol", PERPETUAL, "--credentials", keys(stand.wire, tmp_path))
    assert trade["quantity"] == "0.5"


@pytest.mark.parametrize("slug", ALL)
def test_what_is_public_needs_no_credentials(db: None, exchanges: Exchanges, slug: str) -> None:
    symbol = PERPETUAL if slug == "binanceusdm" else "BTC/USDT"
    (market,) = printed(slug, "markets", "--symbol", symbol)
    assert (market["symbol"], market["base"]) == (symbol, "BTC")
    (ticker,) = printed(slug, "tickers", "--symbol", symbol)
    assert ticker["price"] == "50000"
    assert len(printed(slug, "tickers")) >= 1
    bars = printed(slug, "ohlcv", "--symbol", symbol, "--timeframe", "1m", "--limit", "3")
    assert [bar["close"] for bar in bars] == ["50000", "50000", "50000"]


@pytest.mark.slow
def test_a_connection_is_asked_by_name_or_id_and_an_error_is_one_line(
    live_db: str, owner: User, other_owner: User, exchanges: Exchanges
) -> None:
    """In the end from a shell: one sentence, exit code 1, no secret."""
    wire = exchanges.okx()
    wire.account.deposit("USDT", 7)
    values = {"api_key": wire.key.key, "secret": wire.key.secret, "password": wire.key.password}
    made = [connect(one, values) for one in (owner, other_owner)]
    (balance,) = printed(str(made[0].pk), "balances")
    assert (balance["account"], balance["total"]) == ("trading", "7")
    with pytest.raises(ConflictError, match="several people"):
        printed("My account", "balances")
    with tenancy.tenant(other_owner.pk):
        Connection.objects.filter(pk=made[1].pk).update(name="Theirs")
        Connection.objects.filter(pk=made[1].pk).update(state=Connection.State.PAUSED)
    assert printed("My account", "balances") == [balance]
    with pytest.raises(ConflictError, match="it is paused"):
        printed("Theirs", "balances")
    with pytest.raises(InvalidInputError, match="ccxt knows no"):
        printed("nowhere", "balances")
    wire.key.is_expired = True
    done = subprocess.run(
        [sys.executable, "-W", "ignore", ROOT / "manage.py", "venue", str(made[0].pk), "balances", "--json"],
        env=os.environ
        | {name: address(name, live_db) for name in DATABASE_VARIABLES}
        | {"MONIQO_CCXT_BASE_URL": exchanges.url, "MONIQO_ENV": "development"}
        | {"MONIQO_CREDENTIAL_KEYS": ",".join(settings.CREDENTIAL_KEYS)},
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "moniqo: OKX refuses the key: API key doesn't exist (50119)\n"


def connect(owner: User, values: dict[str, str]) -> Connection:
    with tenancy.tenant(owner.pk):
        connection = Connection.objects.create(
            owner=owner, platform=Platform.objects.get(slug="okx"), name="My account", venue="okx", is_paper=False
        )
        store_credentials(connection=connection, values=values)
    return connection


def test_without_json_it_is_a_table(db: None, exchanges: Exchanges, tmp_path: Path) -> None:
    stand = stand_at(exchanges, "okx")
    out = StringIO()
    call_command("venue", "okx", "balances", "--credentials", keys(stand.wire, tmp_path), stdout=out)
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["asset", "total", "available", "account"],
        ["USDT", "100000", "100000", "trading"],
    ]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("demo", "balances"), NotFoundError, "Name a connection"),
        (("okx", "balances"), VenueCredentialsError, "requires"),
        (("okx", "ohlcv"), InvalidInputError, "--symbol"),
        (("okx", "ohlcv", "--symbol", "BTC/USDT", "--since", "yesterday"), InvalidInputError, "--since"),
        (("okx", "balances", "--credentials", "/nowhere/keys.json"), InvalidInputError, "can be read"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    db: None, exchanges: Exchanges, arguments: tuple[str, ...], error: type[MoniqoError], words: str
) -> None:
    with pytest.raises(error, match=words):
        printed(*arguments)


@pytest.mark.parametrize(
    "content", ["not json secret-word", '["secret-word"]', '{"api_key": 1, "secret": "secret-word"}']
)
def test_a_file_that_is_no_credentials_is_refused_without_a_word_of_it(db: None, tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys.json"
    file.write_text(content)
    with pytest.raises(InvalidInputError, match="Write one JSON object") as refusal:
        printed("okx", "balances", "--credentials", str(file))
    assert "secret-word" not in str(refusal.value)
