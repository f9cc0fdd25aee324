"""Capital across assets, agents or farms: `allocate` with any of `METHODS`, `compare` all of them walking forward."""

from quant.allocation.allocate import allocate, round_to_lots
from quant.allocation.compare import Comparison, Track, compare
from quant.allocation.methods import METHODS
from quant.allocation.problem import Allocation, Constraints, Group, Options

__all__ = [
    "METHODS", "Allocation", "Comparison", "Constraints", "Group", "Options", "Track", "allocate", "compare",
    "round_to_lots",
]  # fmt: skip
