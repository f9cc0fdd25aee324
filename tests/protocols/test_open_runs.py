"""As many runs as an account may have open, on one web process: they cost it no thread and no connection."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import product

import psutil
import pytest
from django.db import connections

from kit.live.hub import STREAMS_OF_OWNER, STREAMS_OF_SESSION
from kit.tenancy import SYSTEM_DB_ALIAS
from tests.drills.site import running
from tests.programs import bearer
from tests.protocols.conftest import Stage
from tests.protocols.test_agui import has, of_agent, opened

# Of a process that has served requests already: what it may still come to, whatever the number of runs.
SPARE = 8
TRIES = 1_000


@pytest.fixture
def lasting(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The same world on a web process of its own, whose runs last."""
    with running(stage.name, tmp_path_factory.mktemp("open"), MONIQO_AGUI_RUN_SECONDS="300") as site:
        yield replace(stage, site=site)


def used(stage: Stage) -> tuple[int, int]:
    """Threads of the web process and its children, and connections to its database beside our own."""
    parent = psutil.Process(stage.site.process.pid)
    threads = sum(process.num_threads() for process in (parent, *parent.children(recursive=True)))
    with connections[SYSTEM_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        (held,) = cursor.fetchone()
    return threads, held


@pytest.mark.slow
def test_sixty_four_runs_cost_no_thread_and_no_connection_and_more_are_refused(lasting: Stage) -> None:
    programs = [bearer(lasting.world.owner, "read") for _ in range(STREAMS_OF_OWNER // STREAMS_OF_SESSION)]
    path, beyond = of_agent(lasting), bearer(lasting.world.owner, "read")

    def try_again(headers: dict[str, str]) -> tuple[int, str]:
        with opened(lasting, path, headers) as run:
            return run.status, "" if run.status == 200 else run.problem["detail"]

    with ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        assert {status for status, _ in pool.map(try_again, programs)} == {200}  # what the process keeps is there now
        first = stack.enter_context(opened(lasting, path, programs[0]))
        first.until(has("ACTIVITY_SNAPSHOT"))
        before = used(lasting)
        for headers, _ in list(product(programs, range(STREAMS_OF_SESSION)))[1:]:
            run = stack.enter_context(opened(lasting, path, headers))
            assert run.status == 200
        refused = list(pool.map(try_again, [programs[0], beyond] * (TRIES // 2)))
        assert set(refused) == {(429, "Too many runs of this token or this account are open: end some.")}
        after = used(lasting)
        assert has("RUN_STARTED")(first.events)
        assert not has("RUN_FINISHED")(first.events)
    for now, then in zip(after, before, strict=True):
        assert now <= then + SPARE, (before, after)
