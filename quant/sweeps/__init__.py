"""Parameter sweeps: choose a `space`, then `grid_sweep`, `random_sweep` or `tpe_sweep` it."""

from quant.sweeps.run import Sweep, grid_sweep, random_sweep, sweep, tpe_sweep
from quant.sweeps.space import Space, grid, sample, space

__all__ = ["Space", "Sweep", "grid", "grid_sweep", "random_sweep", "sample", "space", "sweep", "tpe_sweep"]
