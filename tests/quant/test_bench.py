"""Benchmarks run, and give the figures that are reported; how fast is not for a shared machine to test."""

from __future__ import annotations

from moniqo.benches import quant as bench


def test_the_kernel_is_measured_beside_numpy() -> None:
    figures = bench.kernel(bars=20_000, repeats=1)
    assert figures["candles_per_second"] > 100_000
    assert figures["numpy_baseline_per_second"] > 0


def test_sweeps_are_measured_with_their_memory() -> None:
    figures = bench.sweeps(bars=500, repeats=1)
    assert figures["backtests"] == 1_000
    assert figures["backtests_per_second"] > 10
    assert figures["peak_memory_mb"] > 10


def test_the_table_of_metrics_is_measured() -> None:
    figures = bench.table(points=5_000, repeats=1)
    assert 0 < figures["table_cpu_ms"] < 1_000


def test_the_numpy_baseline_is_a_crossover() -> None:
    market = bench._market(500)
    assert bench._numpy_crossover(market.close, 5, 20) > 0
