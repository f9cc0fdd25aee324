"""`manage.py bench`: several benchmarks run in a process each, and one without data says so in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from kit.embedded.environment import DATABASE_VARIABLES
from tests.conftest import address

# Whoever measured something here would have imported it.
SCRIPT = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("bench", "metrics", "kernel", "--json")
sys.stderr.write("shared" if "moniqo.benches.quant" in sys.modules else "apart")
"""


@pytest.mark.slow
def test_several_are_measured_apart() -> None:
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    figures = json.loads(result.stdout)
    assert list(figures) == ["metrics", "kernel"]
    assert figures["metrics"]["points"] == 1_000_000
    assert result.stderr.endswith("apart")


@pytest.mark.slow
def test_a_sweep_stays_small_though_nobody_has_compiled_its_code_before(tmp_path: Path) -> None:
    given = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "manage.py", "bench", "sweep", "--json"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=True)
    assert json.loads(result.stdout)["sweep"]["peak_memory_mb"] < 400


@pytest.mark.slow
def test_syncs_are_measured_at_three_sizes_and_none_fails() -> None:
    """The whole way: a throw-away database, an exchange that checks signatures, and a worker that asks it."""
    command = [sys.executable, "-W", "ignore", "manage.py", "bench", "sync", "--connections", "200", "--json"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    figures = json.loads(result.stdout)["sync"]
    new = {name: value for name, value in figures.items() if name.endswith("nothing new")}
    assert new == {
        "2: nothing new": 2, "20: nothing new": 20, "200: nothing new": 200, "200, 2 of them changed: nothing new": 198,
    }  # fmt: skip
    assert {value for name, value in figures.items() if name.endswith("failed")} == {0}
    assert figures["200: peak memory MB"] < 600


@pytest.mark.slow
def test_a_look_at_stops_is_measured_where_it_finds_what_it_should() -> None:
    command = [sys.executable, "-W", "ignore", "manage.py", "bench", "monitor", "--positions", "1000", "--json"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)
    figures = json.loads(result.stdout)["monitor"]
    assert (figures["positions"], "10 reached, ms" in figures) == (1000, True)


@pytest.mark.parametrize("database", ["postgres", "live"])
def test_without_a_demo_the_pages_say_in_one_sentence_what_to_do(live_db: str, database: str) -> None:
    """Neither a database without a table nor one without a fund ends in a traceback."""
    name = live_db if database == "live" else database
    given = os.environ | {variable: address(variable, name) for variable in DATABASE_VARIABLES}
    command = [sys.executable, "manage.py", "bench", "pages"]
    result = subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("moniqo: There are no pages to measure: run `make demo` or `make run` first")
    assert result.stderr.count("\n") == 1
