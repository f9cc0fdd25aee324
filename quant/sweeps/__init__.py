"""Parameter sweeps: choose a `space`, then `grid_sweep`, `random_sweep` or `tpe_sweep` it."""

from quant.sweeps.estimator import suggest, tpe_sweep
from quant.sweeps.run import Objective, Sweep, grid_sweep, random_sweep, sweep
from quant.sweeps.space import Point, Space, grid, sample, space

__all__ = [
    "Objective",
    "Point",
    "Space",
    "Sweep",
    "grid",
    "grid_sweep",
    "random_sweep",
    "sample",
    "space",
    "suggest",
    "sweep",
    "tpe_sweep",
]
