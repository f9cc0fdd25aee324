"""What an agent does next: the same figures as its run, what is in the way, on its page and for programs."""

from django.test import Client
from django.urls import reverse

from farms.models import Agent, Farm
from farms.selectors import ahead_of
from farms.selectors.ahead import Ahead
from farms.services import pause_farm
from kit import clock
from kit.users.models import User
from quant import strategies
from tests.farms.conftest import CROSS_UP, HOUR, Desk


def ahead(desk: Desk) -> Ahead:
    with clock.at(desk.now):
        return ahead_of(owner_id=desk.owner.pk, agent_id=desk.agent.pk)


def test_the_next_signal_is_as_far_as_the_run_says_and_the_page_and_programs_say_the_same(
    desk: Desk, client: Client, other_owner: User
) -> None:
    desk.candles(CROSS_UP[:-1])
    run = desk.run()
    assert run is not None
    assert "a new cross is missing, 1.00 away" in str(run.explanation)
    Farm.objects.update(status=Farm.Status.RUNNING)
    found = ahead(desk)
    (one,) = found.conditions
    assert (one.words, one.toward, one.holds) == ("2-bar SMA crosses above the 4-bar", "long", False)
    assert (one.value, one.threshold, one.difference) == (97.5, 98.5, 1.0)
    assert (str(one.shown), str(one.against), str(one.needs)) == ("97.50", "98.50", "It has to rise by 1.00.")
    assert (found.looked_at, found.closes_at, found.obstacles) == (desk.now, desk.now + HOUR, ())
    Farm.objects.update(allowed_symbols=["OTH/USDT"])
    pause_farm(owner_id=desk.owner.pk, farm_id=desk.farm.pk)
    obstacles = ["Waiting: farm paused", "Cannot trade: its farm does not allow TST/USDT"]
    assert [one.words for one in ahead(desk).obstacles] == obstacles
    assert ahead(desk).closes_at is None
    path = f"/api/v1/agents/{desk.agent.pk}/next"
    with clock.at(desk.now):
        client.force_login(other_owner)
        assert client.get(path).status_code == 404
        client.force_login(desk.owner)
        told = client.get(path).json()
        html = client.get(reverse("farms:agent", args=[desk.agent.pk])).content.decode()
    assert told["conditions"] == [
        {
            "words": one.words, "toward": "long", "holds": False, "value": 97.5, "threshold": 98.5, "difference": 1.0,
            "is_price": True, "needs": "It has to rise by 1.", "group": "all",
        }
    ]  # fmt: skip
    assert [one["state_words"] for one in told["obstacles"]] == obstacles
    assert told["obstacles"][1]["state_action"]["url"] == reverse("farms:farm-policy", args=[desk.farm.pk])
    card = html.partition('id="h-ahead"')[2].partition("</section>")[0]
    for words in (*obstacles, one.words, "97.50", "98.50", "It has to rise by 1.00."):
        assert words in card


def test_who_holds_something_is_told_what_it_leaves_on(desk: Desk) -> None:
    desk.candles(CROSS_UP)
    assert ahead(desk).conditions[0].holds
    desk.run()
    (one,) = ahead(desk).conditions
    assert ahead(desk).is_holding
    assert (one.words, one.toward, one.holds) == ("2-bar SMA crosses below the 4-bar", "exit", False)
    assert one.difference is not None
    assert str(one.needs) == f"It has to fall by {-one.difference:.2f}."


def test_the_card_says_whether_all_or_any_of_the_rule_has_to_hold(desk: Desk, client: Client) -> None:
    above, below = ({"left": {"indicator": "price"}, "op": op, "right": 1_000_000} for op in "><")
    desk.candles(CROSS_UP)
    for entry, headings in (
        ({"any": [above, below]}, ["To go long: any of"]),
        ({"all": [below, {"any": [above, above]}]}, ["To go long: all of", "To go long: all of, (2) any of"]),
        ({"any": [below]}, ["To go long"]),
    ):
        Agent.objects.update(
            strategy="custom",
            parameters=strategies.get("custom").validate({"entry": entry, "stop": None, "exit": None}),
        )
        found = ahead(desk)
        assert [heading for heading, _ in found.groups] == headings
    with clock.at(desk.now):
        client.force_login(desk.owner)
        told = client.get(f"/api/v1/agents/{desk.agent.pk}/next").json()["conditions"]
        html = client.get(reverse("farms:agent", args=[desk.agent.pk])).content.decode()
    assert [one["group"] for one in told] == ["any"]
    assert "<h3>To go long</h3>" in html


def test_who_hears_of_no_candle_is_told_so_and_who_rests_looks_at_no_moment(desk: Desk) -> None:
    desk.candles(CROSS_UP[:-1])
    assert desk.run() is not None
    Farm.objects.update(status=Farm.Status.RUNNING)
    with clock.at(desk.now + 4 * HOUR):
        found = ahead_of(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
        assert [one.code for one in found.obstacles] == ["behind"]
        assert found.closes_at == desk.now + 5 * HOUR
        Agent.objects.update(status=Agent.Status.PAUSED)
        found = ahead_of(owner_id=desk.owner.pk, agent_id=desk.agent.pk)
    assert ([one.code for one in found.obstacles], found.closes_at) == (["paused"], None)


def test_without_candles_nothing_is_made_up(desk: Desk) -> None:
    found = ahead(desk)
    assert (found.looked_at, found.conditions) == (None, ())
