"""What a clone brings: everything pinned, no registry's address, no secret, and a deployment that hangs together."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands

from kit.embedded import operations

pytestmark = pytest.mark.offline

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"^[A-Za-z0-9._-]+==[^ ;]+( ; .+)?$")


def pins(name: str) -> set[tuple[str, str]]:
    """Package and version of every line of a requirements file."""
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.lstrip().startswith("#")]
    assert all(PIN.match(line) for line in lines), [line for line in lines if not PIN.match(line)]
    return {(package.lower(), rest.split(" ")[0]) for package, _, rest in (line.partition("==") for line in lines)}


def test_every_requirement_is_pinned_and_names_no_registry() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert len(pins(name)) > 20
        assert "://" not in (ROOT / name).read_text()


def test_what_developers_install_is_what_runs_and_more() -> None:
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_every_direct_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {package for package, _ in pins("requirements.txt")}
    direct = {re.split(r"[\[=<>;~ ]", requirement)[0].lower() for requirement in project["dependencies"]}
    assert direct <= locked


def test_front_end_packages_are_locked_by_hash_and_not_by_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert len(packages) >= 4
    assert all("integrity" in package and "resolved" not in package for package in packages.values())


def test_every_make_target_that_the_readme_shows_exists() -> None:
    shown = set(re.findall(r"`?make ([a-z][a-z-]*)", (ROOT / "README.md").read_text()))
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test"} <= shown
    assert shown <= targets


def test_every_management_command_that_the_documents_show_exists() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    shown = {name for page in pages for name in re.findall(r"manage\.py ([a-z_]+)", page.read_text())}
    assert {"backup", "restore", "verify"} <= shown
    assert shown <= {*get_commands(), *operations.COMMANDS}


def test_compose_asks_for_every_secret_and_the_example_lists_them() -> None:
    compose, example = (ROOT / "docker-compose.yml").read_text(), (ROOT / ".env.example").read_text()
    required = set(re.findall(r"\$\{([A-Z_]+):\?", compose))
    optional = set(re.findall(r"\$\{([A-Z_]+):-", compose))
    listed = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert {"MONIQO_SECRET_KEY", "MONIQO_CREDENTIAL_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD"} <= required
    assert required | optional == listed
    values = dict(re.findall(r"^([A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert all(not values[name] for name in required - {"MONIQO_ALLOWED_HOSTS"}), "a secret with a default is none"


def test_the_image_brings_no_local_state_and_runs_as_nobody_special() -> None:
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "var", ".env*", "node_modules"} <= set(ignored)
    final_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert "\nUSER moniqo\n" in final_stage
    assert "HEALTHCHECK" in final_stage


@pytest.mark.slow
@pytest.mark.parametrize("command", [["help"], ["up", "--help"]])
def test_commands_that_need_no_database_start_none(command: list[str], tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "MONIQO_DATA": str(tmp_path / "var"), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "manage.py", *command], check=False, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert result.returncode == 0, result.stderr
    assert not (tmp_path / "var" / "postgres").exists()


def test_a_command_whose_reader_has_gone_ends_without_a_word() -> None:
    """As with `manage.py growth | head`."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "manage.py", "help", "--commands"]
    done = subprocess.run(command, check=False, stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(write)
    assert (done.returncode, done.stderr) == (os.EX_IOERR, "")
