"""Writes docs/glossary.md from kit/glossary.toml: run `python docs/build_glossary.py` after changing a term."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kit.glossary import TERMS  # noqa: E402 - the path comes first

PAGE: Final = ROOT / "docs" / "glossary.md"
INTRODUCTION: Final = """# Glossary

Trading words mean what they mean in the field; these are the figures that Moniqo shows, and the words that it uses in a
sense of its own. Forms, pages, the operators' admin and the API say the same: `docs/build_glossary.py` writes this page
from `kit/glossary.toml`.

| word | meaning | in the API |
|---|---|---|
"""


def build() -> str:
    """The page."""
    rows = sorted(TERMS.values(), key=lambda term: term.label.lower())
    return INTRODUCTION + "".join(
        f"| **{term.label}** | {term.help} | {', '.join(f'`{name}`' for name in term.names)} |\n" for term in rows
    )


if __name__ == "__main__":
    PAGE.write_text(build(), encoding="utf-8")
