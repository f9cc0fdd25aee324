"""How long after the close of a bar the orders of many agents are at the venue, through the workers there are.

Everything is as in production, on a throw-away PostgreSQL and Redis: beat keeps the time, `moniqo.workers` collect the
simulated prices, run the agents and send their orders, and the paper exchange answers after its usual time. A process
of its own (see `closes`) hires the agents, waits for real minutes to close, and reads what came of it. `reached` is
when the venue wrote the order down, `recorded` when the order's answer was in our books; `sent` is the way of each
order from its row to the venue, and `orders per second` are those of the slowest close, of all workers together.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from moniqo.benches.cluster import ROOT, cluster, environment
from moniqo.benches.runs import redis

AGENTS: Final = (8, 200)
CLOSES: Final = 3
STOP_SECONDS: Final = 30


def latency(*, agents: Sequence[int] = AGENTS, closes: int = CLOSES) -> dict[str, float]:
    """Seconds from the close to the order, by the number of agents that all trade on each of `closes` bars."""
    figures: dict[str, float] = {}
    for number in agents:
        found = _measure(number, closes)
        figures |= {f"{number} agents: {name}": value for name, value in found.items()}
    return figures


def _measure(agents: int, closes: int) -> dict[str, float]:
    with ExitStack() as stack:
        server = stack.enter_context(cluster())
        address = stack.enter_context(redis())
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="moniqo-bench-")))
        given = environment(server) | {"REDIS_URL": address, "MONIQO_FEED": "simulated"}
        ready = place / "ready"
        command = [sys.executable, "-m", "moniqo.benches.closes", str(agents), str(closes), str(ready)]
        measuring = subprocess.Popen(
            command, env=given, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        while not ready.exists() and measuring.poll() is None:  # nothing is to run while the agents are hired
            try:
                measuring.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        schedule = ["-m", "celery", "-A", "moniqo.beat", "beat", "-s", str(place / "schedule")]
        stack.enter_context(_running(["-m", "moniqo.workers"], given, place / "workers.log"))
        stack.enter_context(_running(schedule, given, place / "beat.log"))
        answer, complaint = measuring.communicate()
        if measuring.returncode:
            told = (place / "workers.log").read_text()[-2000:]
            raise RuntimeError(f"The latency could not be measured: {complaint.strip()[-2000:]}\n{told}")
    figures: dict[str, float] = json.loads(answer.strip().splitlines()[-1])
    return figures


@contextmanager
def _running(arguments: Sequence[str], given: Mapping[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *arguments], env=given, cwd=ROOT, stdout=output, stderr=output)
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
