"""What a deployment starts shows no secret to other users of the machine and does not run as root."""

import re
from typing import Any

import pytest
import yaml

from kit.embedded.environment import ROOT

pytestmark = pytest.mark.offline
SECRET = re.compile(r"PASSWORD|SECRET|_KEYS?\b|AUTH|ADMIN_URL|DATABASE|REDIS_URL")


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def test_no_command_line_carries_a_secret() -> None:
    commands = {name: service["command"] for name, service in services().items() if "command" in service}
    assert {"redis", "migrate", "worker", "beat"} <= set(commands)
    for name, command in commands.items():
        programs = " ".join(command)
        if name == "redis":  # the shell's own printf is no process, and Redis reads its password from it
            before, _, programs = programs.partition("|")
            assert before.startswith("sh -c printf 'requirepass %s\\n'")
        assert not SECRET.search(programs), name
    for text in ((ROOT / "README.md").read_text(), (ROOT / "docs/operations.md").read_text()):
        assert "--admin-url" not in text


def test_nothing_of_ours_runs_as_root() -> None:
    users = re.findall(r"^USER (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert users == ["moniqo"]
    for name in ("web", "worker", "beat", "migrate"):
        service = services()[name]
        assert service.get("user", "moniqo") not in {"root", "0"}
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["cap_drop"] == ["ALL"]


def test_the_database_server_logs_no_values() -> None:
    assert {"log_min_messages=log", "log_min_error_statement=panic"} <= set(services()["postgres"]["command"])


def test_every_log_is_bounded() -> None:
    for name, service in services().items():
        options = service["logging"]["options"]
        assert service["logging"]["driver"] == "json-file", name
        assert options.keys() >= {"max-size", "max-file"}, name
