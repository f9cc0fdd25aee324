"""Limits are a step of connecting an account: on the page, by program and from the terminal."""

from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from kit import tenancy
from kit.errors import InvalidInputError
from kit.users.models import User
from markets.models import Instrument
from tests.programs import bearer, by_password
from tests.simulators.server import Exchanges
from tests.wallets.keys import give_true_keys, key_of
from trading.models import RiskLimit
from wallets.models import Connection

API = "/api/v1/connections"
JSON = "application/json"
D = Decimal


@pytest.fixture(autouse=True)
def markets(owner: User, exchanges: Exchanges) -> None:
    give_true_keys(exchanges)
    for symbol in ("PEPE/USDT", "ETH/USDT", "BTC/USDT", "SOL/USDT", "BTC/EUR"):
        for venue in ("okx", "simulated"):
            base, quote = symbol.split("/")
            Instrument.objects.get_or_create(
                venue=venue, symbol=symbol, defaults={"base": base, "quote": quote, "tick_size": 1, "lot_size": 1}
            )


@pytest.fixture
def browser(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def watched(owner: User) -> Iterator[Connection]:
    with tenancy.tenant(owner.pk):
        yield Connection.objects.create(owner=owner, platform_id="okx", name="Mine", venue="okx", is_paper=False)


def limit_of(owner: User) -> RiskLimit | None:
    with tenancy.tenant(owner.pk):
        return RiskLimit.objects.first()


def test_the_page_asks_for_limits_with_careful_ones_filled_in_and_they_can_be_skipped(
    browser: Client, owner: User, exchanges: Exchanges
) -> None:
    answer = browser.post("/wallets/connections/new/okx/", {"name": "Mine", **key_of(exchanges.okx())})
    step = answer.headers["Location"]
    page = browser.get(step)
    form = page.context["form"]
    assert form.initial["symbols"] == ("BTC/USDT", "ETH/USDT", "SOL/USDT")
    assert (form.initial["maximum_notional"], form.initial["maximum_daily_loss"]) == (D(100), D("0.03"))
    with tenancy.tenant(owner.pk):
        made = Connection.objects.get()
    after = reverse("wallets:connection", args=(made.pk,))
    assert f'href="{after}">Skip' in page.content.decode()
    assert limit_of(owner) is None
    given = {"markets": "listed", "symbols": ["BTC/USDT"], "maximum_notional": "50", "maximum_daily_loss": "2"}
    saved = browser.post(step, given)
    assert (saved.status_code, saved["Location"]) == (302, after)
    limit = limit_of(owner)
    assert limit is not None
    assert (limit.allowed_symbols, limit.maximum_notional, limit.maximum_daily_loss) == (["BTC/USDT"], D(50), D("0.02"))
    assert browser.get(step).context["form"].initial["maximum_notional"] == D(50)  # what was said stays


def test_a_paper_account_begins_with_the_size_of_play_money(browser: Client, owner: User) -> None:
    answer = browser.post("/wallets/connections/new/demo/", {"name": "Play", "venue": "simulated"})
    assert browser.get(answer.headers["Location"]).context["form"].initial["maximum_notional"] == D(2500)


def join(client: Client, exchanges: Exchanges, headers: dict[str, str] | None = None, **more: Any) -> Any:
    body = {"platform": "okx", "name": "Mine", "credentials": key_of(exchanges.okx()), **more}
    return client.post(API, body, content_type=JSON, headers=headers or {})


def test_a_program_limits_the_account_that_it_connects(client: Client, owner: User, exchanges: Exchanges) -> None:
    limits = {"allowed_symbols": ["btc/usdt"], "maximum_notional": "75", "maximum_daily_loss": "0.01"}
    refused = join(client, exchanges, bearer(owner, "manage"), limits=limits)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:moniqo:problem:insufficient_scope")
    program = by_password(owner)
    wrong = join(client, exchanges, program, limits=limits | {"allowed_symbols": ["NO/SUCH"]})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["limits.allowed_symbols"])
    assert client.get(API, headers=program).json() == []
    made = join(client, exchanges, program, limits=limits)
    assert made.status_code == 201, made.content
    address = f"{API}/{made.json()['id']}/limits"
    told = client.get(address, headers=program).json()
    assert {name: told[name] for name in limits} == limits | {"allowed_symbols": ["BTC/USDT"]}
    assert client.get(f"{address}/usual", headers=program).json() == {
        "allowed_symbols": ["BTC/USDT", "ETH/USDT", "SOL/USDT"],
        "maximum_notional": "100",
        "notional_asset": "USDT",
        "maximum_daily_loss": "0.03",
    }


def from_terminal(exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch, *answers: str, **options: Any) -> str:
    key = key_of(exchanges.okx())
    monkeypatch.setattr("sys.stdin", StringIO("\n".join(["Mine", *key.values(), *answers, ""])))
    said = StringIO()
    call_command("connect", "okx", stdout=said, **options)
    return said.getvalue()


def test_the_terminal_offers_the_same(owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Its limits are set" in from_terminal(exchanges, monkeypatch, "", "40", "-")
    limit = limit_of(owner)
    assert limit is not None
    assert (limit.allowed_symbols, limit.maximum_notional, limit.maximum_daily_loss) == (
        ["BTC/USDT", "ETH/USDT", "SOL/USDT"],
        D(40),
        None,
    )


def test_the_terminal_lets_limits_be_skipped(
    owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Its limits" not in from_terminal(exchanges, monkeypatch, no_limits=True)
    assert limit_of(owner) is None


def test_the_terminal_says_what_is_wrong_with_limits(
    owner: User, exchanges: Exchanges, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInputError, match="has no limits yet, set them on its page"):
        from_terminal(exchanges, monkeypatch, "NO/SUCH")
    assert limit_of(owner) is None


def test_who_makes_an_account_live_reads_the_limits_or_is_warned(
    browser: Client, program: Client, watched: Connection
) -> None:
    live = reverse("wallets:connection-live", args=(watched.pk,))
    page = browser.get(live).content.decode()
    assert "No limits hold it back." in page
    assert "nothing can be, until you set it" in page
    body = {"allowed_symbols": ["BTC/USDT"], "maximum_notional": "75", "maximum_daily_loss": "0.01"}
    assert program.put(f"{API}/{watched.pk}/limits", body, content_type=JSON).status_code == 200
    page = browser.get(live).content.decode().replace("\u202f", " ").replace("\u00a0", " ")
    assert "No limits hold it back." not in page
    for said in ("It buys BTC/USDT and nothing else.", "An order is worth 75.00 USDT at most.", "it has lost 1 %"):
        assert said in page


@pytest.fixture
def program(owner: User) -> Client:
    return Client(headers=by_password(owner))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"platform": "demo", "credentials": {"api_key": "k"}}, "credentials"),
        ({"platform": "demo", "accept_withdrawals": True}, "accept_withdrawals"),
        ({"platform": "okx", "credentials": {}, "venue": "simulated"}, "venue"),
    ],
)
def test_what_a_platform_does_not_take_is_refused_and_not_dropped(program: Client, body: Any, field: str) -> None:
    answer = program.post(API, {"name": "Mine", **body}, content_type=JSON)
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert program.get(API).json() == []


def test_a_program_ends_live_trading_and_does_not_begin_it(
    program: Client, client: Client, watched: Connection, owner: User
) -> None:
    address = f"{API}/{watched.pk}/watch"
    assert program.post(address).status_code == 409
    right = {"password": f"password of {owner.email}", "typed": "Mine"}
    client.force_login(owner)
    client.post(reverse("wallets:connection-live", args=(watched.pk,)), right)
    assert program.get(f"{API}/{watched.pk}").json()["is_watching"] is False
    for scope in ("read", "trade", "agent"):
        assert client.post(address, headers=bearer(owner, scope)).status_code == 403
    told = program.post(address).json()
    assert (told["is_watching"], told["live_at"]) == (True, None)
