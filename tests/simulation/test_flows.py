"""Whatever fails on the way, every order is known in the end: random flows from seeds, and defects that they find."""

from collections.abc import Callable
from typing import Any

import pytest

from moniqo.simulation.running import Played, play_seed, play_seeds
from tests.conftest import cloned_database
from trading.models import Position
from trading.orders import recording, sending

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


def test_a_seed_replays_exactly(live_db: str) -> None:
    seeds = (4, 5, 6)
    told = [play_seed(seed).told for seed in seeds]
    with cloned_database(f"{live_db}_again"):
        assert [play_seed(seed).told for seed in seeds] == told


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


@pytest.mark.parametrize(
    ("plant", "said"),
    [
        pytest.param(_never_asked, "was sent while the venue had it", marks=pytest.mark.slow),
        (_told_once, "is lost"),
        pytest.param(_forgotten_stop, "was accepted and is None", marks=pytest.mark.slow),
    ],
)
def test_a_planted_defect_is_found(
    live_db: str, monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], said: str
) -> None:
    plant(monkeypatch)
    assert any(said in one for seed in range(60) for one in play_seed(seed).violations)
