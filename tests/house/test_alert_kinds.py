"""docs/alerts.md lists every kind of alert there is, as the code has it, and the code raises no other."""

import re
from pathlib import Path

from kit.alerts.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([\w-]+)` \| (.+?) \| (\w+) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_the_documentation_lists_every_kind_as_the_code_has_it() -> None:
    written = ROW.findall((ROOT / "docs" / "alerts.md").read_text())
    known = [(kind.name, kind.label, kind.level, kind.says, kind.ends or "only a person") for kind in KINDS.values()]
    assert written == known
