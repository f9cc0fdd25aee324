"""Writes docs/venues.md from wallets/venues/capabilities.py: run `python docs/build_venues.py` after changing it."""

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from wallets.venues.capabilities import CAPABILITIES, OPERATIONS  # noqa: E402 - the path comes first

PAGE: Final = ROOT / "docs" / "venues.md"
NAMES: Final = {
    "demo": "Paper exchange",
    "binance": "Binance",
    "binanceusdm": "Binance USD-M",
    "okx": "OKX",
    "bybit": "Bybit",
    "coinbase": "Coinbase",
    "kraken": "Kraken",
}
INTRODUCTION: Final = """# Venues

Which operation works where. `docs/build_venues.py` writes this page from `wallets/venues/capabilities.py`, and a test
holds that table to the adapters. **Wallets, Connections, What works where** shows the same to traders.

`manage.py venue binance balances --credentials keys.json --json` prints what Moniqo understood of an account, every
amount as the exchange wrote it; `manage.py venue --help` lists the questions. With `MONIQO_CCXT_BASE_URL` all of ccxt
talks to one address instead, the host it meant as the first segment of the path: the tests' simulators work that way.

"""


def build() -> str:
    """The page."""
    head = f"| | {' | '.join(NAMES.values())} |\n|---|{'---|' * len(NAMES)}\n"
    rows = "".join(
        f"| {label} | {' | '.join(CAPABILITIES[slug][name].works for slug in NAMES)} |\n"
        for name, label in OPERATIONS.items()
    )
    return INTRODUCTION + head + rows + "\n" + "\n".join(_notes(slug, title) for slug, title in NAMES.items())


def _notes(slug: str, title: str) -> str:
    lines = [
        f"- {OPERATIONS[name]}: {'' if can.works == 'yes' else f'{can.works}. '}{can.note}\n"
        for name, can in CAPABILITIES[slug].items()
        if can.note and name != "streams"
    ]
    return f"## {title}\n\n{''.join(lines)}"


if __name__ == "__main__":
    PAGE.write_text(build(), encoding="utf-8")
