"""One process of a simulation: it plays its share on its database and prints a line of JSON for each flow and kill."""

import json
import sys
from dataclasses import asdict

import django

django.setup()

from moniqo.simulation.apart import Outcome  # noqa: E402 - models need Django
from moniqo.simulation.kills import WORKS, kill_everywhere  # noqa: E402
from moniqo.simulation.running import Played, play_seeds  # noqa: E402


def main(start: int, stop: int, step: int, kills: int) -> None:
    """Play every `step`-th seed from `start` to before `stop`, and kill workers if `kills` is not 0."""
    play_seeds(range(start, stop, step), _told)
    if kills:
        for work in WORKS:
            for killed in kill_everywhere(work):
                _tell(Outcome(f"{work}, step {killed.step}", is_kill=True, cut=0, violations=killed.violations))


def _told(played: Played) -> None:
    violations, told = tuple(played.violations), tuple(played.told)
    _tell(Outcome(f"seed {played.seed}", is_kill=False, cut=played.cut, violations=violations, told=told))


def _tell(outcome: Outcome) -> None:
    print(json.dumps(asdict(outcome)), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
