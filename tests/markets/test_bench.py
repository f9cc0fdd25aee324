"""The import benchmark measures what it says, and cleans up."""

import pytest

from markets.models import Candle, Instrument
from moniqo.benches.importing import bench_import


@pytest.mark.django_db
def test_it_reports_figures_beside_the_reference_and_leaves_nothing() -> None:
    figures = bench_import(rows=2_000)
    assert figures["rows"] == 2_000
    assert all(value > 0 for value in figures.values())
    assert not Candle.objects.exists()
    assert not Instrument.objects.exists()
