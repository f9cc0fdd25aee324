"""What agents ask for by themselves takes away from what their owner allows, and never adds to it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.db import DatabaseError, IntegrityError, connections, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from kit import clock, tenancy
from kit.audit.selectors import audit_log
from kit.errors import ConflictError, InvalidInputError
from kit.users import tokens
from kit.users.models import Token, User
from tests.programs import bearer
from tests.trading.desk import SYMBOL, Desk, make_desk
from tests.wallets.books import fund
from trading import services
from trading.models import AiState, Order, RiskDecision, RiskLimit
from trading.risk.ai_state import VersionError, Wish, write_ai_state
from trading.risk.path import Caps, Limits, exposure, owners_exposure
from trading.selectors.ai_state import wished
from wallets.models import Wallet

D = Decimal
API = "/api/v1"


@pytest.fixture
def desk(owner: User) -> Iterator[Desk]:
    with tenancy.tenant(owner.pk):
        yield make_desk(owner)


def cap(on: Any, notional: str | None = None, **caps: Any) -> None:
    services.set_limits(
        on=on,
        allowed_symbols=[SYMBOL] if notional else None,
        maximum_notional=D(notional) if notional else None,
        notional_asset="USDT",
        caps=Caps(**caps),
    )


def ask(wallet: Wallet, **wish: Any) -> AiState:
    version = AiState.objects.filter(wallet=wallet).count()
    return write_ai_state(wallet=wallet, version=version, wish=Wish(**wish), written_by="An agent")


def refusal(order: Order) -> str:
    assert order.status == "rejected"
    return str(order.refusal).replace("\u202f", " ").replace("\u00a0", " ")


# --- what applies -----------------------------------------------------------------------------------------------------


def test_an_agent_that_asks_for_less_is_held_to_it_and_one_that_asks_for_more_to_the_limit(desk: Desk) -> None:
    cap(desk.connection, "1000", maximum_exposure=D("0.25"))
    ask(desk.wallet, exposure=D("0.4"))
    found = wished(wallet_id=desk.wallet.pk)
    assert (found.exposure.asked, found.exposure.limit, found.exposure.applies) == (D("0.4"), D("0.25"), D("0.25"))
    assert str(found.exposure.reason).replace("\u202f", " ") == "The agent asked for 40 %; the limit is 25 %."
    said = refusal(desk.place("buy", "3"))
    assert said.startswith(
        "It would be worth 300.00 USDT: Desk allows an exposure of 25.00 %, which leaves 250.00 USDT"
    )
    ask(desk.wallet, exposure=D("0.1"))
    assert "Agent asks for an exposure of 10.00 %, which leaves 100.00 USDT" in refusal(desk.place("buy", "2"))
    decided = RiskDecision.objects.latest("pk")
    assert (decided.limit, decided.numbers["exposure"]) == ("exposure", "0.1")
    assert desk.place("buy", "1").status == "submitting"


def test_exposure_binds_the_position_too_and_everything_below_and_nothing_that_is_sold(desk: Desk) -> None:
    desk.trade("buy", "5")
    cap(desk.wallet, maximum_position=D(1000))
    ask(desk.farm, exposure=D("0.55"))
    assert desk.trade("buy", "0.5").status == "filled"
    assert "which leaves 550.00 USDT of the allowed 1,000.00 USDT" in refusal(desk.place("buy", "0.2"))
    ask(desk.master, exposure=D(0))
    refusal(desk.place("buy", "0.1"))
    assert desk.trade("sell", "5.5").status == "filled"
    told = wished(wallet_id=desk.wallet.pk).exposure
    assert (told.asked, told.applies) == (None, D(0))


def test_levels_come_nearer_and_never_go_beyond_what_the_owner_has_as_usual(desk: Desk) -> None:
    cap(desk.farm, default_stop=D("0.05"), default_target=D("0.3"))
    ask(desk.wallet, stop_distance=D("0.1"), target_distance=D("0.5"))
    order = desk.place("buy", "1")
    assert (order.exit_stop, order.exit_target) == (D(95), D(130))
    desk.execute(order)
    desk.trade("sell", "1")
    ask(desk.wallet, stop_distance=D("0.02"), target_distance=D("0.1"))
    order = desk.place("buy", "1", exit_stop=D(90), exit_target=D(150))
    assert (order.exit_stop, order.exit_target) == (D(98), D(110))
    desk.execute(order)
    desk.trade("sell", "1")
    order = desk.place("buy", "1", exit_stop=D(99), exit_target=D(105))
    assert (order.exit_stop, order.exit_target) == (D(99), D(105))


@pytest.mark.parametrize(("trail", "stop"), [("1", None), ("10", "98")])
def test_a_stop_that_trails_nearer_is_left_alone(desk: Desk, trail: str, stop: str | None) -> None:
    ask(desk.wallet, stop_distance=D("0.02"))
    assert desk.place("buy", "1", exit_trail=D(trail)).exit_stop == (D(stop) if stop else None)


def test_what_has_expired_or_is_of_a_time_to_come_has_no_effect(desk: Desk) -> None:
    cap(desk.connection, "1000")
    ask(desk.wallet, exposure=D("0.1"), stop_distance=D("0.01"), expires_at=clock.now() + timedelta(minutes=5))
    refusal(desk.place("buy", "2"))
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        found = wished(wallet_id=desk.wallet.pk)
        assert (found.is_expired, found.exposure.applies, found.stop_distance.applies) == (True, D(1), None)
        assert str(found.exposure.reason) == "It has expired: the limits alone apply."
    with clock.at(clock.now() - timedelta(days=1)):
        assert wished(wallet_id=desk.wallet.pk).exposure.applies == 1


def test_a_state_is_replaced_by_who_has_read_it_and_its_history_stays(desk: Desk) -> None:
    first = ask(desk.wallet, exposure=D("0.4"), note="Watching the funding rate")
    with pytest.raises(VersionError) as refused:
        write_ai_state(wallet=desk.wallet, version=0, wish=Wish())
    assert refused.value.facts == {"version": 1}
    with transaction.atomic(), pytest.raises(IntegrityError), transaction.atomic():
        AiState.objects.create(owner=desk.owner, wallet=desk.wallet, version=1)
    ask(desk.wallet)
    assert list(AiState.objects.order_by("version").values_list("version", "exposure", "written_by")) == [
        (1, first.exposure, "An agent"),
        (2, None, "An agent"),
    ]
    noted = [row for row in audit_log(owner_id=desk.owner.pk) if row.action == "Agent's state written"]
    assert len(noted) == 2
    assert {change.name for change in noted[-1].changes} == {"exposure", "note"}


def test_a_wish_that_is_over_or_of_a_wallet_that_trades_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInputError):
        ask(desk.wallet, expires_at=clock.now())
    reserve = Wallet.objects.create(
        owner=desk.owner, name="Savings", role="reserve", parent=desk.master, connection=desk.connection
    )
    with pytest.raises(ConflictError):
        ask(reserve, exposure=D("0.5"))


# --- who may ----------------------------------------------------------------------------------------------------------


def put(client: Client, wallet: Wallet, headers: dict[str, str] | None = None, **body: Any) -> Any:
    address = f"{API}/wallets/{wallet.pk}/ai-state"
    return client.put(address, json.dumps(body), content_type="application/json", headers=headers or {})


def bound(user: User, wallet: Wallet) -> dict[str, str]:
    made = tokens.open_token(
        user,
        kind=Token.Kind.PERSONAL,
        name="Trend model",
        scopes=["agent"],
        lifetime=timedelta(hours=1),
        wallet_id=wallet.pk,
    )
    return {"Authorization": f"Bearer {tokens.access_text(made)}"}


def twin_of(desk: Desk) -> Wallet:
    twin = Wallet.objects.create(
        owner=desk.owner, name="Twin", role="agent", parent=desk.farm, connection=desk.connection
    )
    fund(twin, 1000)
    return twin


def test_an_agents_token_writes_and_everybody_reads_what_applies(client: Client, desk: Desk, other_owner: User) -> None:
    cap(desk.wallet, maximum_exposure=D("0.25"))
    agent = bearer(desk.owner, "agent")
    body = {"version": 0, "exposure": "0.4", "sentiment": "-0.3", "sentiment_text": "Funding turns", "note": "n"}
    answer = put(client, desk.wallet, agent, **body)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert told["exposure"] == {
        "asked": "0.4",
        "limit": "0.25",
        "applies": "0.25",
        "reason": "The agent asked for 0.4; the limit is 0.25.",
    }
    assert (told["version"], told["written_by"], told["sentiment"]) == (1, "A test's program", "-0.3")
    address = f"{API}/wallets/{desk.wallet.pk}/ai-state"
    assert client.get(address, headers=bearer(desk.owner, "read")).json() == told
    stale = put(client, desk.wallet, agent, version=0)
    assert (stale.status_code, stale.json()["version"]) == (409, 1)
    client.force_login(desk.owner)
    assert put(client, desk.wallet, version=1).json()["version"] == 2
    versions = client.get(f"{address}/history?limit=1").json()
    assert [row["version"] for row in versions["items"]] == [2]
    assert client.get(f"{address}/history?cursor={versions['next']}").json()["items"][0]["exposure"] == "0.4"
    client.force_login(other_owner)
    for asked in (address, f"{address}/history"):
        assert client.get(asked).status_code == 404
    assert put(client, desk.wallet, version=2).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"exposure": "1.01"}, "exposure"),
        ({"exposure": "NaN"}, "exposure"),
        ({"stop_distance": "1"}, "stop_distance"),
        ({"target_distance": "11"}, "target_distance"),
        ({"sentiment": "-1.1"}, "sentiment"),
        ({"note": "x" * 501}, "note"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"maximum_exposure": "1"}, "maximum_exposure"),
    ],
)
def test_what_is_no_wish_is_refused_by_its_field(client: Client, desk: Desk, body: Any, field: str) -> None:
    client.force_login(desk.owner)
    answer = put(client, desk.wallet, **{"version": 0, **body})
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])
    assert put(client, desk.wallet).json()["fields"] == {"version": "It is needed."}


def test_a_bound_token_acts_in_its_wallet_and_below_it_and_nowhere_else(client: Client, desk: Desk) -> None:
    twin, agent, farm = twin_of(desk), bound(desk.owner, desk.wallet), bound(desk.owner, desk.farm)
    order = {"symbol": SYMBOL, "side": "buy", "quantity": "1"}

    def place(wallet: Wallet, key: str, headers: dict[str, str]) -> Any:
        return client.post(
            f"{API}/orders",
            {"wallet_id": str(wallet.pk), **order},
            content_type="application/json",
            headers={**headers, "Idempotency-Key": key},
        )

    assert place(desk.wallet, "own", agent).status_code == 201
    elsewhere = place(twin, "not own", agent)
    assert (elsewhere.status_code, elsewhere.json()["type"]) == (403, "urn:moniqo:problem:insufficient_scope")
    others = place(twin, "of the farm", farm)
    assert others.status_code == 201
    cancel = f"{API}/orders/{others.json()['id']}/cancel"
    assert client.post(cancel, headers=agent).status_code == 403
    assert client.post(cancel, headers=farm).json()["status"] == "cancelled"  # this token's to ask, and never sent
    assert put(client, desk.wallet, agent, version=0, exposure="0.5").status_code == 200
    assert put(client, desk.farm, agent, version=0).status_code == 403
    assert put(client, twin, agent, version=0).status_code == 403
    assert put(client, twin, farm, version=0).status_code == 200
    assert Order.objects.filter(wallet=twin).count() == 1


@pytest.mark.parametrize("scopes", [["agent", "trade"], ["read"], ["agent", "limits"]])
def test_only_an_agents_token_is_bound_and_only_to_a_wallet_of_its_owner(
    desk: Desk, other_owner: User, scopes: list[str]
) -> None:
    options: dict[str, Any] = {"kind": Token.Kind.PERSONAL, "name": "x", "lifetime": timedelta(hours=1)}
    with pytest.raises(InvalidInputError) as refused:
        tokens.open_token(desk.owner, scopes=scopes, wallet_id=desk.wallet.pk, **options)
    assert set(refused.value.fields) == {"wallet_id"}
    with pytest.raises(InvalidInputError, match="Choose a wallet of yours"):
        tokens.open_token(other_owner, scopes=["agent"], wallet_id=desk.wallet.pk, **options)


def test_a_token_is_bound_on_the_page_and_by_a_program(client: Client, desk: Desk) -> None:
    client.force_login(desk.owner)
    page = client.get(reverse("users:tokens")).content.decode()
    assert "Trend farm › Agent" in page
    given = {"name": "Model", "scopes": ["agent"], "days": "30", "wallet_id": str(desk.wallet.pk)}
    made = client.post(reverse("users:tokens"), {**given, "password": f"password of {desk.owner.email}"})
    assert made.status_code == 200
    assert "in Trend farm › Agent" in made.content.decode()
    listed = client.get(f"{API}/tokens").json()["items"]
    assert listed[0]["wallet_id"] == str(desk.wallet.pk)
    wrong = {"name": "Model", "scopes": ["trade"], "wallet_id": str(desk.wallet.pk), "password": "wrong"}
    wrong["password"] = f"password of {desk.owner.email}"
    answer = client.post(f"{API}/tokens", wrong, content_type="application/json")
    assert (answer.status_code, list(answer.json()["fields"])) == (422, ["wallet_id"])


# --- what its owner sees ----------------------------------------------------------------------------------------------


def test_its_owner_reads_it_beside_the_limits_and_sets_it_aside(client: Client, desk: Desk) -> None:
    client.force_login(desk.owner)
    page = reverse("trading:limits", args=[desk.wallet.pk])
    assert "What the agent asks for" not in client.get(page).content.decode()
    cap(desk.connection, "1000", maximum_exposure=D("0.25"))
    ask(desk.wallet, exposure=D("0.4"), stop_distance=D("0.03"), sentiment=D("-0.5"), note="Watching")
    shown = client.get(page).content.decode().replace("\u202f", " ")
    assert "The agent asked for 40 %; the limit is 25 %." in shown
    assert "Watching" in shown
    end = reverse("trading:ai-state-end", args=[desk.wallet.pk])
    client.post(end, {"version": "0"})  # of a page that is older than the state
    assert AiState.objects.count() == 1
    assert client.post(end, {"version": "1"}).status_code == 302
    assert wished(wallet_id=desk.wallet.pk).exposure.asked is None
    assert "What the agent asks for" not in client.get(page).content.decode()


def test_who_is_asked_to_buy_nothing_reads_why(client: Client, desk: Desk) -> None:
    client.force_login(desk.owner)
    ask(desk.farm, exposure=D(0), expires_at=clock.now() + timedelta(hours=1))
    said = "The agent of Trend farm asks for no exposure now"
    assert said in client.get(reverse("trading:limits", args=[desk.wallet.pk])).content.decode()
    told = client.get(f"{API}/wallets/{desk.wallet.pk}/limits").json()["applied"]["obstacle"]
    assert told.startswith(said)
    with time_machine.travel(clock.now() + timedelta(hours=2)):
        assert client.get(f"{API}/wallets/{desk.wallet.pk}/limits").json()["applied"]["obstacle"] == ""


# --- limits are the owner's -------------------------------------------------------------------------------------------


def test_operators_and_jobs_may_not_write_limits_at_all(live_db: str, operator: User) -> None:
    for statement in (
        "UPDATE trading_risklimit SET maximum_notional = 1",
        "DELETE FROM trading_risklimit",
        "INSERT INTO trading_risklimit (owner_id) SELECT owner_id FROM trading_risklimit",
    ):
        with connections["system"].cursor() as cursor, pytest.raises(DatabaseError, match="permission denied"):
            cursor.execute(statement)
    request = RequestFactory().post("/admin/")
    request.user = operator
    for model in (RiskLimit, AiState):
        asked = admin.site._registry[model]
        assert not asked.has_add_permission(request)
        assert not asked.has_change_permission(request)
        assert not asked.has_delete_permission(request)


@pytest.mark.offline
def test_a_limit_of_nothing_is_not_taken_for_none() -> None:
    """The database takes no such limit; if one ever came, everything would be the wrong answer."""
    nothing = Limits("Wallet", caps=Caps(maximum_exposure=D(0)))
    assert (owners_exposure((nothing,)), exposure((nothing,))) == (0, 0)
    assert owners_exposure((Limits("Wallet"),)) == 1
