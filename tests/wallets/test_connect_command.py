"""An exchange is connected, and positions are looked at, from the terminal."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from kit import tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from tests.conftest import make_user
from tests.simulators.server import Exchanges
from tests.trading.desk import make_desk
from tests.wallets.keys import give_true_keys, key_of
from wallets.models import Connection
from wallets.venues.credentials import read_credentials


def test_an_exchange_is_connected_from_the_terminal(
    owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_true_keys(exchanges)
    key = key_of(exchanges.okx())
    monkeypatch.setattr("sys.stdin", StringIO("\n".join(["My OKX", *key.values(), ""])))
    said = StringIO()
    call_command("connect", "okx", stdout=said, no_limits=True)
    assert "connected and watched" in said.getvalue()
    assert not any(value in said.getvalue() for value in key.values())
    with tenancy.tenant(owner.pk):
        made = Connection.objects.get()
        assert (made.name, made.is_watching) == ("My OKX", True)
        assert read_credentials(connection=made) == key


def test_no_part_of_a_key_is_echoed_by_a_terminal(
    owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_true_keys(exchanges)
    key = key_of(exchanges.binance())
    unseen = iter(key.values())
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda label: {"Name": "My Binance"}[label.partition(" ")[0]])
    monkeypatch.setattr("wallets.management.commands.connect.getpass", lambda label: next(unseen))
    call_command("connect", "binance", stdout=StringIO(), no_limits=True)
    with tenancy.tenant(owner.pk):
        assert read_credentials(connection=Connection.objects.get()) == key


def test_it_has_to_be_clear_whose_and_where(owner: User, exchanges: Exchanges) -> None:
    with pytest.raises(InvalidInputError, match="Choose one of: binance"):
        call_command("connect", "nowhere")
    make_user("second@example.com")
    with pytest.raises(InvalidInputError, match="--user"):
        call_command("connect", "okx")
    with pytest.raises(InvalidInputError, match="Nobody here"):
        call_command("positions", user="nobody@example.com")


def test_open_positions_are_printed(owner: User) -> None:
    with tenancy.tenant(owner.pk):
        desk = make_desk(owner)
    said = StringIO()
    call_command("positions", stdout=said)
    assert said.getvalue() == "No position is open.\n"
    with tenancy.tenant(owner.pk):
        desk.trade("buy", "1.5")
    said = StringIO()
    call_command("positions", "--json", stdout=said)
    (row,) = json.loads(said.getvalue())
    assert (row["symbol"], row["quantity"], row["direction"]) == ("BTC/USDT", "1.5", "long")
    table = StringIO()
    call_command("positions", stdout=table)
    assert table.getvalue().splitlines()[1].split()[-1] == "-"  # no stop
