"""A state says what is true now: what the agent does, or the one thing that keeps it from trading and the next step."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from farms.engine.work import FarmCapital
from farms.models import Agent, Farm
from farms.selectors import farm_facts, farm_rows, states_of
from farms.selectors.states import next_close
from farms.services import (
    create_agent,
    create_farm,
    pause_agent,
    pause_farm,
    record_failure,
    start_agent,
    start_farm,
)
from kit import clock, tenancy
from kit.display import Display, showing
from kit.statuses import State
from kit.users.models import User
from markets.models import Instrument
from tests.farms.conftest import (
    CROSS_UP,
    HOUR,
    PARAMETERS,
    T0,
    Desk,
    fund,
    hire,
    make_desk,
    make_instrument,
    store_hours,
)
from tests.programs import bearer
from trading.models import Order, Position, RiskLimit
from trading.orders.placing import place_order
from trading.orders.terms import Limit, Trigger
from trading.risk.gate import Caps
from trading.risk.locks import after_trade
from trading.services import set_limits, watch_daily_losses, watch_drawdowns
from wallets.models import Connection, Wallet
from wallets.services import collect
from wallets.venues.accounts import set_connection_state


@pytest.fixture
def live(desk: Desk) -> Desk:
    """A farm at work in the present of the test, with an agent that has money and limits."""
    desk.candles(CROSS_UP[:-1])
    Farm.objects.update(status=Farm.Status.RUNNING)
    return desk


def state(desk: Desk, after: timedelta = timedelta()) -> State:
    with clock.at(desk.now + after):
        return states_of(farm_facts(owner_id=desk.owner.pk))[desk.agent.pk]


def farm_state(desk: Desk) -> State:
    with clock.at(desk.now):
        return states_of(farm_facts(owner_id=desk.owner.pk))[desk.farm.pk]


def refuse(desk: Desk, closes: list[float]) -> None:
    """Let the agent run over these bars as it does while its farm rehearses."""
    Farm.objects.update(status=Farm.Status.REHEARSING)
    desk.each(closes)
    Farm.objects.update(status=Farm.Status.RUNNING)


def take_all_money(desk: Desk, *, leave: Decimal = Decimal(0)) -> None:
    with clock.at(desk.now):
        collect(
            owner_id=desk.owner.pk, source_id=desk.agent.wallet_id, target_id=desk.farm.wallet_id, asset="USDT",
            amount=5_000 - leave, key="home",
        )  # fmt: skip


def test_an_agent_at_work_says_when_its_candle_closes(live: Desk) -> None:
    told = state(live, timedelta(minutes=12, seconds=30))
    assert (told.code, told.words, told.kind) == ("running", "Running", "ok")
    assert told.next_at == live.now + HOUR
    assert farm_state(live).next_at == live.now + HOUR


@pytest.mark.parametrize(("timeframe", "hours"), [("1h", 1), ("4h", 4), ("1d", 24)])
def test_a_candle_closes_on_the_whole_of_its_length(timeframe: str, hours: int) -> None:
    assert next_close(timeframe, T0 + timedelta(seconds=1)) == T0 + hours * HOUR
    assert next_close(timeframe, T0) == T0 + hours * HOUR


def test_a_running_agent_in_a_paused_farm_waits(live: Desk) -> None:
    pause_farm(owner_id=live.owner.pk, farm_id=live.farm.pk)
    told, farm = state(live), farm_state(live)
    assert told.words == "Waiting: farm paused"
    assert (farm.words, farm.needs_somebody) == ("Paused: 1 agent waits", True)
    assert told.action == farm.action
    assert told.action is not None
    assert told.action.is_form
    pause_agent(owner_id=live.owner.pk, agent_id=live.agent.pk)
    assert (farm_state(live).words, farm_state(live).needs_somebody) == ("Paused", False)


def test_without_money_it_cannot_trade_and_says_where_money_is_given(live: Desk) -> None:
    take_all_money(live)
    told = state(live)
    assert (told.words, told.kind) == ("Cannot trade: no money", "warn")
    assert told.action is not None
    assert (told.action.label, str(live.agent.wallet_id) in told.action.url) == ("Allocate", True)


def test_where_the_farm_has_nothing_to_give_the_farm_is_given_something_first(live: Desk) -> None:
    take_all_money(live)
    with clock.at(live.now):
        collect(
            owner_id=live.owner.pk, source_id=live.farm.wallet_id, target_id=live.master.pk, asset="USDT",
            amount=Decimal(5_000), key="up",
        )  # fmt: skip
    told = state(live)
    assert told.action is not None
    assert str(live.farm.wallet_id) in told.action.url


def test_less_than_the_smallest_order_is_said_and_hidden_with_the_amounts(live: Desk) -> None:
    take_all_money(live, leave=Decimal(1))
    told = state(live)
    assert told.words == "Cannot trade: less than the smallest order of 5.00\u00a0USDT"
    with showing(Display(hide_amounts=True)):
        assert "5.00" not in told.words


@pytest.mark.parametrize(
    ("symbols", "words"),
    [(["OTH/USDT"], "Cannot trade: TST/USDT not allowed"), ([], "Cannot trade: no market allowed")],
)
def test_a_limit_that_is_in_the_way_is_named(live: Desk, symbols: list[str], words: str) -> None:
    set_limits(on=live.agent.wallet, allowed_symbols=symbols, maximum_notional=None)
    told = state(live)
    assert (told.words, told.action and told.action.label) == (words, "Set limits")


def test_no_limits_at_all_allow_nothing(live: Desk) -> None:
    set_limits(on=live.master.connection, allowed_symbols=None, maximum_notional=None)
    assert state(live).words == "Cannot trade: no limits"
    set_limits(on=live.master.connection, allowed_symbols=["TST/USDT"], maximum_notional=None)
    assert state(live).words == "Cannot trade: no order size allowed"


def test_an_order_that_rests_is_not_on_its_way(live: Desk) -> None:
    """A run decides beside what waits at the venue or for its price, and beside nothing that has no answer yet. What
    would open a position in its market keeps the gate from another that does."""

    def place(market: Instrument, trigger: Trigger | None = None) -> Order:
        with clock.at(live.now):
            return place_order(
                wallet=live.agent.wallet, instrument=market, side="buy", quantity=Decimal(1), key=str(uuid4()),
                reason="By hand.", trigger=trigger,
            )  # fmt: skip

    other = make_instrument("OTH/USDT")
    store_hours(other, T0, [100.0] * 15)
    assert place(other, Trigger("stop", Decimal(200))).status == "waiting"
    assert state(live).words == "Running"
    assert place(live.instrument, Trigger("stop", Decimal(200))).status == "waiting"
    assert state(live).words == "Waiting: an order for TST/USDT rests"
    assert "is not finished" in str(place(live.instrument).refusal)
    Order.objects.filter(status="waiting").update(status="cancelled", closed_at=live.now, due_at=None, hold=None)
    assert place(live.instrument).status == "submitting"
    assert state(live).words == "Waiting: an order is on its way"


def test_the_policy_of_its_farm_is_named_where_it_keeps_an_agent_from_entering(live: Desk) -> None:
    Farm.objects.update(allowed_symbols=["OTH/USDT"])
    told = state(live)
    assert told.words == farm_state(live).words == "Cannot trade: its farm does not allow TST/USDT"
    assert "it allows OTH/USDT" in str(told.detail)
    assert told.action is not None
    assert told.action.url == reverse("farms:farm-policy", args=[live.farm.pk])
    Farm.objects.update(allowed_symbols=[], trading_days=[2])
    told, tuesday = state(live), T0 + 24 * HOUR
    assert (told.code, told.words) == ("waiting", "Waiting: its farm enters from 3 Mar 2026, 00:00 UTC on")
    assert told.next_at == farm_state(live).next_at == tuesday
    assert state(live, tuesday - live.now).code != "waiting"


def test_who_finds_its_farm_full_says_so_as_its_run_would(live: Desk) -> None:
    with clock.at(live.now):
        two = hire(live.owner, live.farm, live.instrument, name="Two")
    refuse(live, [103.0])
    assert Position.objects.get(closed_at=None).wallet_id == live.agent.wallet_id
    for most, is_full in (("0.2", True), ("0.9", False)):
        Farm.objects.update(maximum_share=Decimal(most))
        with clock.at(live.now):
            farm = Farm.objects.get()
            capital = FarmCapital(farm)
            held = capital.quantity(live.instrument) * Decimal(103)
            assert (capital.value(live.instrument) * farm.cap_of("TST/USDT") <= held) == is_full
            told = states_of(farm_facts(owner_id=live.owner.pk))
        assert (told[two.pk].words == "Waiting: its farm has no room for TST/USDT") == is_full
        assert told[live.agent.pk].words == "Running", "who holds it is not kept from anything"


def test_an_order_of_another_agent_fills_a_farm_before_anybody_holds_anything(live: Desk) -> None:
    with clock.at(live.now):
        two = hire(live.owner, live.farm, live.instrument, name="Two")
        place_order(
            wallet=live.agent.wallet,
            instrument=live.instrument,
            side="buy",
            quantity=Decimal(4),
            key="coming",
            reason="To see it.",
            limit=Limit(Decimal(90)),
        )
    assert not Position.objects.exists()
    for most, is_full in (("0.03", True), ("0.9", False)):
        Farm.objects.update(maximum_share=Decimal(most))
        with clock.at(live.now):
            farm = Farm.objects.get()
            capital = FarmCapital(farm)
            held = capital.quantity(live.instrument) * Decimal(90)
            assert (capital.value(live.instrument) * farm.cap_of("TST/USDT") <= held) == is_full
            told = states_of(farm_facts(owner_id=live.owner.pk))
        assert (told[two.pk].words == "Waiting: its farm has no room for TST/USDT") == is_full


def test_a_cap_below_the_smallest_order_is_told_before_anybody_holds_anything(live: Desk) -> None:
    with clock.at(live.now):
        worth = FarmCapital(Farm.objects.get()).value(live.instrument)
    smallest = live.instrument.minimum_notional
    for cap, has_room in ((smallest / worth / 2, False), (smallest / worth * 2, True)):
        Farm.objects.update(caps={"TST/USDT": f"{cap:.6f}"})
        assert (state(live).words == "Waiting: its farm has no room for TST/USDT") != has_room
        assert has_room == (state(live).code == "running")
    assert not Position.objects.exists()


def test_orders_that_the_gate_refused_are_counted_with_the_most_frequent_reason(live: Desk) -> None:
    set_limits(on=live.agent.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(1_000))
    refuse(live, [103.0, 108.0, 99.0, 90.0, 103.0, 112.0])
    refused = Order.objects.filter(status="rejected").count()
    told = state(live)
    assert refused >= 2
    assert told.words == f"Refused {refused}× since 2 Mar: order over 1,000.00\u00a0USDT"
    assert (told.action and told.action.label, told.kind) == ("Raise limit", "warn")
    with showing(Display(hide_amounts=True)):
        assert "1,000" not in told.words
    assert farm_state(live).words == told.words


def test_an_accepted_order_ends_the_count(live: Desk) -> None:
    set_limits(on=live.agent.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(1_000))
    refuse(live, [103.0])
    assert state(live).code == "refused"
    set_limits(on=live.agent.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(100_000))
    refuse(live, [99.0, 90.0, 85.0, 103.0, 112.0])
    assert Order.objects.filter(status="filled").exists()
    assert state(live).code == "running"


def test_an_agent_waits_for_the_next_day_once_what_is_above_it_has_lost_enough(live: Desk) -> None:
    until = live.now + timedelta(hours=5)
    limit = RiskLimit.objects.get(connection=live.master.connection)
    RiskLimit.objects.filter(pk=limit.pk).update(maximum_daily_loss=Decimal("0.03"))
    with clock.at(live.now):
        watch_daily_losses(owner_id=live.owner.pk, lost={limit.pk: Decimal("0.0312")}, day_ends=until)
    told = state(live)
    assert (told.code, told.words, told.next_at) == (
        "waiting",
        f"Waiting: {live.master.connection.name} lost 3.12 % today",
        until,
    )
    assert state(live, timedelta(hours=6)).code != "waiting"


def test_an_agent_waits_while_a_protection_holds_it_back(live: Desk, client: Client) -> None:
    on = live.master.connection
    limit = set_limits(on=on, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(100_000),
                       caps=Caps(maximum_drawdown=Decimal("0.1"), lock_hours=5))  # fmt: skip
    with clock.at(live.now):
        watch_drawdowns(owner_id=live.owner.pk, fallen={(limit.pk, live.master.pk): Decimal("0.1234")})
    told = state(live)
    assert (told.code, told.words) == ("waiting", f"Waiting: {live.master.name} fell too far")
    assert told.next_at == live.now + timedelta(hours=5)
    said = "has fallen by 12.34 % from its highest within 30 days"
    assert said in str(told.detail)
    assert state(live, timedelta(hours=6)).code != "waiting"
    client.force_login(live.owner)
    with clock.at(live.now):
        for page in (
            reverse("farms:agent", args=[live.agent.pk]),
            reverse("farms:farm", args=[live.agent.farm_id]),
        ):
            assert said in client.get(page).content.decode()


def test_a_pause_after_a_stop_is_as_many_bars_of_the_agent_as_the_limit_says(live: Desk) -> None:
    on = live.master.connection
    set_limits(on=on, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(100_000), caps=Caps(cooldown_bars=3))
    live.agent.timeframe = "15m"
    live.agent.save(update_fields=("timeframe",))
    closed_at = live.now
    with clock.at(live.now):
        after_trade(
            Position(wallet=live.agent.wallet, instrument=live.agent.instrument, closed_at=closed_at), by_stop=True
        )
    told = state(live)
    assert (told.words, told.next_at) == ("Waiting: pause after its stop", closed_at + timedelta(minutes=45))


def test_the_gate_refuses_and_a_venue_rejects(live: Desk, client: Client) -> None:
    set_limits(on=live.agent.wallet, allowed_symbols=["TST/USDT"], maximum_notional=Decimal(1_000))
    refuse(live, [103.0])
    order = Order.objects.get()
    assert (order.status, order.outcome, order.outcome_label) == ("rejected", "refused", "Refused")
    order.attempts = 1
    assert (order.outcome, order.outcome_label) == ("rejected", "Rejected")
    client.force_login(live.owner)
    found = {
        asked: client.get(reverse("trading:orders"), {"status": asked}).context["page"].paginator.count
        for asked in ("refused", "rejected")
    }
    assert found == {"refused": 1, "rejected": 0}


def test_a_market_that_is_delisted_while_the_agent_works_is_told(live: Desk, client: Client) -> None:
    Instrument.objects.filter(pk=live.instrument.pk).update(is_active=False)
    refuse(live, [103.0])
    told = state(live)
    assert told.words == "Refused 1× since 2 Mar: the market does not trade"
    assert "is not active: choose an instrument that trades" in str(told.detail)
    said = client.get(f"/api/v1/agents/{live.agent.pk}", headers=bearer(live.owner)).json()
    client.force_login(live.owner)
    html = client.get(reverse("farms:agent", args=[live.agent.pk])).content.decode()
    assert (said["state"], "the market does not trade" in said["state_words"]) == ("refused", True)
    for words in ("the market does not trade", "TST/USDT is not active: choose an instrument that trades"):
        assert words in html


def test_failures_are_counted_until_it_is_paused(live: Desk) -> None:
    for expected in ("Failing: 1× in a row", "Failing: 2× in a row", "Failed: 3× in a row"):
        record_failure(owner_id=live.owner.pk, agent_id=live.agent.pk, error=ValueError("no candles"))
        assert state(live).words == expected
    assert (state(live).kind, state(live).rank) == ("bad", 0)
    start_agent(owner_id=live.owner.pk, agent_id=live.agent.pk)
    assert state(live).code == "running"


def test_what_is_stopped_above_it_stops_it(live: Desk) -> None:
    Wallet.objects.filter(pk=live.master.pk).update(trading_state="halted")
    assert state(live).words == "Cannot trade: Master is halted"
    set_connection_state(owner_id=live.owner.pk, connection_id=live.master.connection_id, state="paused")
    assert state(live).words == f"Waiting: connection {live.master.connection.name} is not active"


def test_candles_that_stay_away_are_missed(live: Desk) -> None:
    refuse(live, [95.0])
    assert state(live, timedelta(hours=1, minutes=59)).code == "running"
    told = state(live, timedelta(hours=2))
    assert (told.code, told.words) == ("behind", "Waiting: no candle since 2 Mar 2026, 16:00 UTC")


def test_the_worst_farm_comes_first_and_in_it_the_worst_agent(live: Desk) -> None:
    owner_id = live.owner.pk
    with clock.at(live.now):
        worse = create_farm(owner_id=owner_id, master_id=live.master.pk, name="Worse")
        start_farm(owner_id=owner_id, farm_id=worse.pk)
        for name in ("Rich", "Poor"):
            agent = create_agent(
                owner_id=owner_id, farm_id=worse.pk, name=name, strategy="trend_following",
                instrument_id=live.instrument.pk, timeframe="1h", parameters=PARAMETERS,
            )  # fmt: skip
            start_agent(owner_id=owner_id, agent_id=agent.pk)
            if name == "Rich":
                fund(live.owner, agent.wallet, Decimal(1_000))
        rows = farm_rows(owner_id=owner_id)
    assert [row.name for row in rows] == ["Worse", "Trend"]
    assert [agent.name for agent in rows[0].agents] == ["Poor", "Rich"]
    assert rows[0].state.words == "Cannot trade: no money"


def test_the_api_tells_the_same_as_the_page(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk), clock.at(T0):
        desk = make_desk(owner)
    client.force_login(owner)
    told = client.get(f"/api/v1/agents/{desk.agent.pk}").json()
    assert (told["state"], told["state_words"], told["state_action"]) == ("rehearsing", "Building its history", None)
    with tenancy.tenant(owner.pk):
        Farm.objects.update(status=Farm.Status.PAUSED)
        Agent.objects.update(last_bar=None)
    told = client.get("/api/v1/farms").json()[0]
    assert (told["state"], told["state_words"]) == ("held_up", "Paused: 1 agent waits")
    assert told["state_action"] == {
        "label": "Start the farm", "url": reverse("farms:farm-start", args=[desk.farm.pk]), "is_form": True
    }  # fmt: skip
    page = client.get(reverse("farms:list")).content.decode()
    assert "Paused: 1 agent waits" in page
    assert page.count("Waiting: farm paused") == 2  # once for each width of the screen


def test_the_portfolio_shows_who_needs_somebody_and_hides_an_empty_card(client: Client, owner: User) -> None:
    with tenancy.tenant(owner.pk), clock.at(T0):
        make_desk(owner)
    client.force_login(owner)
    assert client.get("/").context["home"].needs == []
    with tenancy.tenant(owner.pk):
        Farm.objects.update(status=Farm.Status.PAUSED)
    answer = client.get("/", headers={"HX-Request": "true", "HX-Target": "needs"})
    assert [(need.name, need.state.words) for need in answer.context["home"].needs] == [
        ("Trend", "Paused: 1 agent waits")
    ]
    assert "Needs you" in answer.content.decode()


def on_wallets(desk: Desk, client: Client) -> tuple[str, str, int]:
    """What the page of wallets says of the farm and of the agent, and how many may trade."""
    client.force_login(desk.owner)
    with clock.at(desk.now):
        context = client.get(reverse("wallets:tree")).context
    told = {row.node.id: row.state.words for row in context["rows"]}
    return told[desk.farm.wallet_id], told[desk.agent.wallet_id], context["totals"]["active_agents"]


def test_wallets_say_of_a_farm_and_its_agent_what_their_own_pages_say(live: Desk, client: Client) -> None:
    Connection.objects.update(status="ok", synced_at=live.now)
    assert on_wallets(live, client)[2] == 1
    set_limits(on=live.agent.wallet, allowed_symbols=["OTH/USDT"], maximum_notional=None)
    take_all_money(live)
    said = "Cannot trade: TST/USDT not allowed"
    assert (state(live).words, farm_state(live).words) == (said, said)
    assert on_wallets(live, client) == (said, said, 0)
    with clock.at(live.now):
        told = {row["id"]: row["state_words"] for row in client.get("/api/v1/wallets").json()}
    assert told[str(live.agent.wallet_id)] == told[str(live.farm.wallet_id)] == said


def test_who_rests_may_not_trade(live: Desk, client: Client) -> None:
    pause_agent(owner_id=live.owner.pk, agent_id=live.agent.pk)
    assert on_wallets(live, client)[2] == 0
