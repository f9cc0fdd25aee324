"""The benchmark of runs measures what it says, whatever database there is: this test lets it reach none."""

import pytest

from moniqo.benches.runs import runs


@pytest.mark.slow
def test_it_brings_its_own_servers_and_reports_figures_beside_the_reference() -> None:
    figures = runs(agents=6, crowd=8, markets=2)
    assert figures["agents"] == 6
    assert all(value > 0 for value in figures.values())
