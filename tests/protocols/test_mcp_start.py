"""The protocol's package is imported late, while nobody waits, and leaves the log alone; each message is counted."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from kit.embedded.environment import ROOT
from tests.drills.site import Answer, running
from tests.programs import bearer
from tests.protocols.conftest import Stage

LISTING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}).encode()
SENT = {"Content_Type": "application/json", "Accept": "application/json, text/event-stream"}
# Imported by every Python that finds it: holds whoever imports the package until a file says to go on.
HOLDS = """
import os, sys, time
from pathlib import Path

class Holding:
    def find_spec(self, name, path=None, target=None):
        if name == "mcp":
            Path(os.environ["HOLDS"], "begun").touch()
            until = time.monotonic() + 60
            while not Path(os.environ["HOLDS"], "go_on").exists() and time.monotonic() < until:
                time.sleep(0.02)
        return None

sys.meta_path.insert(0, Holding())
"""
LOG = """
import importlib, json, logging, moniqo.asgi
names = ("", "mcp", "mcp.server", "mcp.server.lowlevel")
def seen():
    found = [logging.getLogger(name) for name in names]
    return [[one.level, one.propagate, one.disabled, [repr(way) for way in one.handlers]] for one in found]
before = seen()
server = importlib.import_module("moniqo.protocols.mcp.server").build(None, None)
manager = importlib.import_module("mcp.server.streamable_http_manager").StreamableHTTPSessionManager
manager(server, json_response=True, stateless=True)
print(json.dumps([before, seen()]))
"""


def python(code: str) -> Any:
    """What a Python of its own prints last, read as JSON."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    ran = subprocess.run(command, env=dict(os.environ), cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout.splitlines()[-1])


def test_the_web_process_starts_without_the_package() -> None:
    names = ("mcp", "mcp_types", "starlette", "httpx2", "anyio")
    assert python(f"import json, sys, moniqo.asgi; print(json.dumps([n for n in {names} if n in sys.modules]))") == []


def test_the_log_is_as_it_was_after_server_and_manager_are_there() -> None:
    before, after = python(LOG)
    assert after == before


def test_others_are_answered_while_the_first_request_imports(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOLDS)
    paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH", ""))))
    first: list[Answer] = []
    with running(stage.name, tmp_path, PYTHONPATH=paths, HOLDS=str(tmp_path)) as site:
        headers = SENT | bearer(stage.world.owner, "read")
        program = threading.Thread(target=lambda: first.append(site.ask("POST", "/mcp", LISTING, **headers)))
        program.start()
        try:
            while program.is_alive() and not (tmp_path / "begun").exists():
                time.sleep(0.02)
            assert (tmp_path / "begun").exists()
            assert [site.get("/healthz").status for _ in range(3)] == [200] * 3
            assert site.get("/api/v1/wallets", **bearer(stage.world.owner, "read")).status == 200
            assert first == []
        finally:
            (tmp_path / "go_on").touch()
            program.join()
    assert [answer.status for answer in first] == [200]


def test_every_message_counts_as_a_request_of_the_api(stage: Stage, tmp_path: Path) -> None:
    """Lists, prompts and the beginning as well as calls, once each; a call's requests inside count with it."""
    most = 5
    with running(stage.name, tmp_path, MONIQO_API_TOKEN_LIMIT=str(most), MONIQO_API_ADDRESS_LIMIT="0") as site:
        started = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
        for method, params in (
            ("tools/list", {}),
            ("prompts/list", {}),
            ("initialize", started),
            ("tools/call", {"name": "list_agents", "arguments": {}}),
        ):
            headers = SENT | bearer(stage.world.owner, "read")
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
            answers = [site.ask("POST", "/mcp", body, **headers) for _ in range(most + 1)]
            assert [answer.status for answer in answers] == [200] * most + [429], method
            assert all('isError":true' not in answer.body.decode() for answer in answers)
            refused = answers[-1]
            assert int(refused.headers["retry-after"]) > 0
            assert json.loads(refused.body)["violated-policies"] == ["token"]
            assert site.ask("POST", "/mcp", b"{not json", **headers).status == 429, "before its body is looked at"
            assert site.get("/api/v1/wallets", **headers).status == 429, "of one and the same number"
