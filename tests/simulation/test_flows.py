"""Whatever fails on the way, every order is known in the end: random flows from seeds, and defects that they find."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from moniqo.simulation.running import Played, play_seed, play_seeds
from tests.conftest import cloned_database
from trading import services
from trading.models import Order, Position
from trading.orders import amending_waiting, denied, exits, funding, margin, recording, resting, sending
from trading.positions import leveraged

CHUNK = 25
SEEDS = 200
MANY, MANY_AT_ONCE = 5_000, 250


def assert_all_is_known(played: list[Played]) -> None:
    wrong = [one for one in played if one.violations]
    assert not wrong, "\n".join(line for one in wrong for line in (f"seed {one.seed}", *one.told, *one.violations))


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_order_is_known_whatever_fails(live_db: str, first: int) -> None:
    played = play_seeds(range(first, first + CHUNK))
    assert sum(one.cut for one in played) > CHUNK / 10
    assert_all_is_known(played)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + MANY, MANY_AT_ONCE))
def test_every_order_is_known_in_thousands_of_flows(live_db: str, first: int) -> None:
    assert_all_is_known(play_seeds(range(first, first + MANY_AT_ONCE)))


def test_a_seed_replays_exactly_whatever_was_played_before(live_db: str) -> None:
    """Some of these leave positions open, for which funding falls due in those that go on for longer."""
    seeds = (3, 5, 7, 11, 19, 23, 31)
    told = {seed: play_seed(seed).told for seed in seeds}
    with cloned_database(f"{live_db}_again"):
        assert {seed: play_seed(seed).told for seed in reversed(seeds)} == told


def _never_asked(patch: pytest.MonkeyPatch) -> None:
    """Whatever the venue knows of an order is taken for nothing, so it is sent again."""
    patch.setattr(sending, "look_up", lambda order, venue: None)


def _told_once(patch: pytest.MonkeyPatch) -> None:
    """What is told of an order after its first trades is not recorded."""
    new = recording._new_trades
    patch.setattr(recording, "_new_trades", lambda order, report: [] if order.fills.exists() else new(order, report))


def _forgotten_stop(patch: pytest.MonkeyPatch) -> None:
    """A position that is bought more of loses its stop."""
    save = Position.save

    def forget(position: Position, *args: Any, **options: Any) -> None:
        if not position._state.adding:
            position.exit_stop = None
        save(position, *args, **options)

    patch.setattr(Position, "save", forget)


def _never_rests(patch: pytest.MonkeyPatch) -> None:
    """The stops of positions are not placed at the venue that keeps them."""
    patch.setattr(resting, "_keep", lambda position_id: [])


def _never_moved(patch: pytest.MonkeyPatch) -> None:
    """A stop that rests stays where it was, whatever becomes of its position."""
    patch.setattr(resting, "_end", lambda order, reason: None)


def _never_believed(patch: pytest.MonkeyPatch) -> None:
    """What the venue has forgotten is asked about for ever."""
    patch.setattr(denied, "_was_denied", lambda order: False)


def _turned_for_nothing(patch: pytest.MonkeyPatch) -> None:
    """What turns a position round, or closes it, realizes nothing."""
    after = leveraged.after_trade
    patch.setattr(leveraged, "after_trade", lambda *given: (after(*given)[0], Decimal(0)))


def _never_liquidated(patch: pytest.MonkeyPatch) -> None:
    """A position whose margin is used up is left open."""
    leave = exits._leave
    patch.setattr(exits, "_leave", lambda exit_: [] if exit_.is_liquidation else leave(exit_))


def _funded_without_margin(patch: pytest.MonkeyPatch) -> None:
    """What funding took stays in the margin."""
    patch.setattr(funding, "stand", lambda position, after: None)


def _never_made_up(patch: pytest.MonkeyPatch) -> None:
    """What is missing of a margin stays missing."""
    patch.setattr(services, "make_up_margins", lambda **given: 0)


def _never_said_to_be_missing(patch: pytest.MonkeyPatch) -> None:
    """A position says nothing of what is missing of its margin."""
    for module in (margin, funding):
        patch.setattr(module, "hold_margin", lambda position, hold: setattr(position, "hold", hold))


def _never_released(patch: pytest.MonkeyPatch) -> None:
    """What was held for an order and for the margin before stays held with every trade."""
    patch.setattr(margin, "_released", lambda order, traded: iter(()))


def _placed_without_a_word(patch: pytest.MonkeyPatch) -> None:
    """What takes the place of an order that waited does not say whose."""
    place = amending_waiting.place_order
    patch.setattr(amending_waiting, "place_order", lambda **given: place(**given | {"replaces": None}))


def _sent_at_once(patch: pytest.MonkeyPatch) -> None:
    """A trigger that is reached sends the order although the stop at the venue still has what it would sell."""
    patch.setattr(Order, "sells_holding", False)


EACH, STOPS, PERPETUALS = range(60), range(1, 400, 4), range(3, 400, 4)


@pytest.mark.parametrize(
    ("plant", "seeds", "said"),
    [
        pytest.param(_never_asked, EACH, "was sent while the venue had it", marks=pytest.mark.slow),
        (_told_once, EACH, "is lost"),
        pytest.param(_forgotten_stop, EACH, "was accepted and is None", marks=pytest.mark.slow),
        (_never_rests, STOPS, "does not rest, and nobody was told"),
        (_placed_without_a_word, EACH, "gave way to 0 orders"),
        pytest.param(_sent_at_once, STOPS, "is in suspense", marks=pytest.mark.slow),
        pytest.param(_never_moved, STOPS, "is wanted", marks=pytest.mark.slow),
        pytest.param(_never_believed, STOPS, "is still open", marks=pytest.mark.slow),
        (_turned_for_nothing, PERPETUALS, "and another at the venue"),
        pytest.param(_never_liquidated, PERPETUALS, "A position is open at", marks=pytest.mark.slow),
        pytest.param(_funded_without_margin, PERPETUALS, "The position is", marks=pytest.mark.slow),
        pytest.param(_never_made_up, PERPETUALS, "is free in a wallet whose positions lack", marks=pytest.mark.slow),
        pytest.param(_never_said_to_be_missing, PERPETUALS, "and say that 0", marks=pytest.mark.slow),
        pytest.param(_never_released, PERPETUALS, "is held, its positions need", marks=pytest.mark.slow),
    ],
)
def test_a_planted_defect_is_found(
    live_db: str,
    monkeypatch: pytest.MonkeyPatch,
    plant: Callable[[pytest.MonkeyPatch], None],
    seeds: range,
    said: str,
) -> None:
    plant(monkeypatch)
    assert any(said in one for seed in seeds for one in play_seed(seed).violations)
