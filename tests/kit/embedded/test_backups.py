"""Backup and restore on a laptop: the commands bring the embedded server, and refuse while `make run` uses it."""

import json
from pathlib import Path

import pytest

from tests.kit.embedded.conftest import manage


@pytest.mark.slow
def test_what_a_laptop_holds_moves_to_another(directory: Path, environment: dict[str, str]) -> None:
    old, new = (environment | {"MONIQO_DATA": str(directory / name)} for name in ("old", "new laptop"))
    file = directory / "moniqo.dump"
    assert manage(old, "migrate").returncode == 0
    assert manage(old, "demo", "--prepare").returncode == 0
    written = manage(old, "backup", str(file))
    assert written.returncode == 0, written.stderr

    restored = manage(new, "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    proofs = [json.loads(manage(place, "verify", "--json").stdout) for place in (old, new)]
    for proof in proofs:
        del proof["checked_at"]
    assert proofs[0] == proofs[1]
    assert proofs[1]["ok"]
    again = manage(new, "demo", "--prepare")
    assert "Demo trader trader@demo.moniqo.local" in again.stdout, "the trader has come along"

    refused = manage(new, "restore", str(file))
    assert refused.returncode == 1
    assert "The database is not empty" in refused.stderr
    assert manage(new, "restore", str(file), "--replace").returncode == 0
