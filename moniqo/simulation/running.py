"""Seeds are played one after the other in this process's database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from moniqo.simulation.crashes import new_process
from moniqo.simulation.flow import play
from moniqo.simulation.invariants import unproved, violations
from moniqo.simulation.scenes import kind_of
from moniqo.simulation.stage import stage

# The books of so many flows are proved at once.
PROVED_AT_ONCE: Final = 50


@dataclass
class Played:
    """What a seed came to: what happened, line by line, how much of it was `cut` off, and what should not be so."""

    seed: int
    owner_id: UUID
    told: list[str]
    cut: int
    violations: list[str]


def play_seed(seed: int) -> Played:
    """One flow; the same seed is the same flow."""
    kind = kind_of(seed)
    given = {"paper": kind.paper, "keeps_stops": kind.keeps_stops, "has_perpetuals": kind.has_perpetuals}
    with stage(seed, **given) as on:
        try:
            play(on, kind.scene)
            found = violations(on)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with what came before
            new_process()
            found = [f"{type(error).__name__}: {error}"]
        return Played(seed, on.owner_id, on.told, on.steps.cuts, found)


def play_seeds(seeds: Iterable[int], told: Callable[[Played], None] = lambda _: None) -> list[Played]:
    """All of them, and the proof of everybody's books in between; `told` hears of each."""
    played: list[Played] = []
    unchecked: list[Played] = []
    for seed in seeds:
        unchecked.append(play_seed(seed))
        if len(unchecked) == PROVED_AT_ONCE:
            played += _proved(unchecked, told)
            unchecked = []
    return played + _proved(unchecked, told)


def _proved(played: list[Played], told: Callable[[Played], None]) -> list[Played]:
    """The proof of all books at once, and of each owner's where it fails."""
    is_sound = not unproved()
    for one in played:
        one.violations += [] if is_sound else unproved(one.owner_id)
        told(one)
    return played
