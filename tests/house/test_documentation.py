"""The documents for those who carry on: pictures are what the code says, and what is linked is there."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


def test_the_pictures_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("build_pictures", ROOT / "docs" / "build_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    stale = [path.name for path, text in builder.build().items() if not path.is_file() or path.read_text() != text]
    assert stale == [], "run python docs/build_pictures.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Files in links, and paths between backticks such as `trading/orders/states.py`."""
    text = page.read_text()
    linked = re.findall(r"\]\((?!https?://|#)([^)\s#]+)", text)
    missing = [target for target in linked if not (page.parent / target).exists()]
    if page.name != "CHANGELOG.md":  # which tells of what was
        apps = "moniqo|farms|portfolio|trading|wallets|markets|quant|kit|tests|docs"
        named = re.findall(rf"`((?:{apps})/[\w./-]+?)/?`", text)
        missing += [path for path in named if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()]
    assert missing == []
