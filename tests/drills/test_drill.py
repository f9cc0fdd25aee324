"""`manage.py drill` against real instances: faults are struck, orders placed meanwhile are counted, all of it ends."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from kit.drilling import NAME
from moniqo.drills import faults, report
from tests.kit.embedded.conftest import processes_of

ROW = re.compile(
    r"^(?P<fault>\S.*?)\s{2,}(?P<ready>[\d.]+) s\s+(?P<orders>\d+)\s+\d+\s+(?P<lost>\d+)\s+(?P<doubled>\d+)",
    re.MULTILINE,
)


def drill(data: Path, *arguments: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "manage.py", "drill", *arguments],
        cwd=settings.BASE_DIR,
        env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "MONIQO_DATA": str(data), "HOME": str(data)},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


@pytest.mark.slow
def test_kills_lose_and_double_nothing_and_a_part_of_a_drill_replaces_no_whole_one(tmp_path: Path) -> None:
    names = ["web killed", "orders killed", "redis killed"]
    code, said = drill(tmp_path, *(word for name in names for word in ("--only", name)))
    assert code == 0, said
    rows = [found.groupdict() for found in ROW.finditer(said)]
    assert [row["fault"] for row in rows] == names
    assert all(int(row["orders"]) > 0 for row in rows)
    assert {(row["lost"], row["doubled"]) for row in rows} == {("0", "0")}
    assert "The books of the scratch instance prove themselves." in said
    assert not (tmp_path / NAME).exists()
    assert processes_of(Path("moniqo-drill-")) == [], "nothing of the scratch instance is left"


@pytest.mark.slow
def test_every_fault_is_survived_and_the_whole_drill_is_written_down(tmp_path: Path) -> None:
    """The long one: a quarter of an hour."""
    code, said = drill(tmp_path)
    assert code == 0, said
    rows = json.loads((tmp_path / NAME).read_text())["rows"]
    assert [row["fault"] for row in rows][: len(faults.FAULTS)] == [fault.name for fault in faults.FAULTS]
    assert not any(row["lost"] or row["doubled"] or row["seconds"] is None for row in rows)


@pytest.mark.offline
def test_the_table_says_when_something_did_not_come_back() -> None:
    row = faults.Row("web hangs", seconds=None, orders=4, expired=3, lost=2, doubled=1, slowest=60.1, broken=0)
    assert report.line(row).split() == ["web", "hangs", "never", "4", "3", "2", "1", "60.1", "s", "0"]
    assert len(report.line(row)) == len(report.HEAD)
