"""Trials as bytes of a row and back: a sweep makes thousands, which nobody asks the database about one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from farms.models import Sweep, SweepBlock
from quant import strategies
from quant import sweeps as tried
from quant.errors import CandleError
from quant.sweeps import Point, Space, space

FIGURES: Final = ("total_return", "sharpe", "max_drawdown", "trades", "deviation", "skew", "kurtosis")
# Sums over stretches of the history, from which the probability of overfitting follows: half the digits are enough.
SUMS: Final = ("block_sums", "block_squares")


@dataclass(frozen=True, slots=True)
class Tried:
    """Trials of a sweep in their order, the hash of the candles they were tried on, and that of all their figures."""

    sweep: tried.Sweep
    candles: str
    outcome: str


def blocks_of(sweep: Sweep) -> QuerySet[SweepBlock]:
    """The sweep's blocks as their owner sees them, wherever the sweep itself was read."""
    return SweepBlock.objects.filter(sweep_id=sweep.pk)


def space_of(sweep: Sweep) -> Space:
    """What the sweep chooses from."""
    axes = {name: tuple(values) for name, values in sweep.axes}
    fixed = {name: value for name, value in sweep.parameters.items() if name not in axes}
    return space(strategies.get(sweep.strategy), axes, fixed)


def pack_points(points: Sequence[Point]) -> bytes:
    """Which sets of parameters, as places on the axes."""
    return _packed({"points": np.array(points, dtype=np.int16)})


def unpack_points(body: bytes) -> list[Point]:
    """What was packed."""
    return [tuple(int(at) for at in point) for point in _unpacked(body)["points"]]


def pack(found: tried.Sweep, candles: str) -> bytes:
    """The figures of all trials of a block, and the hash of the candles that they are of."""
    columns: dict[str, Any] = {name: getattr(found, name) for name in FIGURES}
    columns |= {name: getattr(found, name).astype(np.float32) for name in SUMS}
    columns |= {"positions": found.positions.astype(np.int16), "bars": np.array(found.bars)}
    columns |= {"periods_per_year": np.array(found.periods_per_year), "candles": np.array(candles)}
    return _packed(columns)


def unpack(block: SweepBlock) -> dict[str, NDArray[Any]]:
    """What was packed of a block that is done, by name."""
    return _unpacked(bytes(block.body or b""))


def together(sweep: Sweep, blocks: Sequence[SweepBlock]) -> Tried | None:
    """The trials of these blocks of a sweep, in the order of the blocks; None where none is done.

    Raises CandleError where they were not tried on the same candles.
    """
    bodies = [unpack(block) for block in blocks if block.body is not None]
    if not bodies:
        return None
    hashes = {str(body["candles"]) for body in bodies}
    if len(hashes) > 1:
        raise CandleError("Its candles were corrected while it was tried: run it again.")
    columns = {name: np.concatenate([body[name] for body in bodies]) for name in (*FIGURES, *SUMS, "positions")}
    outcome = sha256()
    for name in sorted(columns):
        outcome.update(np.ascontiguousarray(columns[name]).data)
    columns |= {name: columns[name].astype(np.float64) for name in SUMS}
    columns["positions"] = columns["positions"].astype(np.int64)
    found = tried.Sweep(
        space=space_of(sweep),
        objective=sweep.measure,  # type: ignore[arg-type]  # a constraint of the column's choices
        bars=int(bodies[0]["bars"]),
        periods_per_year=float(bodies[0]["periods_per_year"]),
        **columns,
    )
    return Tried(found, hashes.pop(), outcome.hexdigest())


def _packed(columns: dict[str, Any]) -> bytes:
    file = BytesIO()
    np.savez_compressed(file, **columns)
    return file.getvalue()


def _unpacked(body: bytes) -> dict[str, NDArray[Any]]:
    with np.load(BytesIO(bytes(body)), allow_pickle=False) as columns:
        return {name: columns[name] for name in columns.files}
