"""A worker that is killed with SIGKILL, at whatever step of its work, leaves nothing lost, doubled or forgotten."""

import pytest

from moniqo.simulation.kills import WORKS, kill_at, kill_everywhere, move_under_fire
from moniqo.simulation.running import play_seed


def test_a_worker_killed_while_it_sends_leaves_nothing_unknown(live_db: str) -> None:
    killed = list(kill_everywhere("sending", every=16, first=2))
    assert len(killed) >= 2
    assert not [one for one in killed if one.violations]


def test_flows_and_kills_of_several_works_share_a_database(live_db: str) -> None:
    """As in the command: whoever draws the same chance would be the same owner."""
    assert not play_seed(2).violations
    for work in ("sending", "placing"):
        killed = kill_at(work, 2)
        assert killed is not None
        assert not killed.violations


@pytest.mark.slow
@pytest.mark.parametrize("work", WORKS)
def test_a_worker_may_be_killed_at_every_step(live_db: str, work: str) -> None:
    killed = list(kill_everywhere(work))
    assert [one.step for one in killed] == list(range(1, len(killed) + 1))
    assert len(killed) > 10
    assert not [one for one in killed if one.violations]


@pytest.mark.parametrize("restarts", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_a_stop_is_kept_over_every_restart_while_it_is_moved(live_db: str, restarts: int) -> None:
    assert move_under_fire(restarts) == (restarts, [])
