"""`manage.py bench`: each benchmark in a process of its own when there are several."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

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
