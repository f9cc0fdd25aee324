"""The benchmark of runs measures what it says, and leaves nothing."""

import pytest

from farms.models import AgentRun, Farm
from kit import tenancy
from kit.users.models import User
from moniqo.benches.runs import runs


@pytest.mark.django_db(databases=["default", "system"])
def test_it_reports_figures_beside_the_reference_and_leaves_nothing() -> None:
    figures = runs(agents=6)
    assert figures["agents"] == 6
    assert all(value > 0 for value in figures.values())
    assert not User.objects.exists()
    with tenancy.system():
        assert not Farm.objects.exists()
        assert not AgentRun.objects.exists()
