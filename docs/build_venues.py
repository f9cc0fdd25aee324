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
`MONIQO_VENUE_TIMEOUT_MS` (10000) is how long an exchange may take to answer. An operator adds any other exchange of
ccxt's as a platform, and turns to an exchange's region with its option `hostname`, such as `my.okx.com`.

"""
FAULTS: Final = (
    (
        "the exchange takes the order, and its answer is lost, cut off or broken",
        "*uncertain*, looked up at once by its client id, booked; sent once",
        "reserved until it is found, then what the exchange says",
    ),
    (
        "the order is lost on its way, or the answer is HTTP 5xx",
        "*uncertain*; asked about after the grace, and sent again under its id while the decision is fresh",
        "reserved meanwhile",
    ),
    (
        "no connection, maintenance",
        "waits and is sent again; expires after two minutes",
        "the last figures stay and are called stale",
    ),
    (
        "too many requests (429, 418)",
        "waits, and nobody asks sooner than `Retry-After` says",
        "the last figures stay and are called stale",
    ),
    (
        "the exchange says no: funds, lot, smallest order, price, market",
        "*rejected* with the exchange's words",
        "given back at once",
    ),
    (
        "the key is refused: wrong, expired, from another address, without the right",
        "*rejected*, and its owner is told",
        "the last figures stay, and the connection needs its owner",
    ),
    (
        "the clock of the machine is wrong",
        "waits and expires; the sentence says to set the clock",
        "the last figures stay and are called stale",
    ),
    (
        "the list of trades does not answer",
        "stays open until its trades are told",
        "reserved meanwhile",
    ),
    ("trades are told twice, or in another order", "booked once, in order", "agree to the last digit"),
    (
        "one of several accounts does not answer",
        "goes on",
        "no sync: the last figures stay, and nothing counts as gone",
    ),
    (
        "a websocket tells of a fill twice, late, in another order or not at all",
        "booked once, from what the exchange answers; about half a second after it is told",
        "agree to the last digit",
    ),
    (
        "a websocket breaks, falls silent, or says what is no message",
        "asked about every ten seconds, and at once when the line stands again",
        "asked for as ever, and at once when the line stands again",
    ),
    (
        "the login of a websocket is refused",
        "asked about every ten seconds",
        "asked for as ever; the connection says why, and tries again within ten minutes or with a new key",
    ),
)
FAULTS_HEAD: Final = """
## When something goes wrong

`tests/trading/test_exchanges.py`, `tests/trading/test_streams.py` and `tests/wallets/sync/test_ccxt_sync.py` let these
happen.

| what happens | an order | balances |
|---|---|---|
"""


def build() -> str:
    """The page."""
    head = f"| | {' | '.join(NAMES.values())} |\n|---|{'---|' * len(NAMES)}\n"
    rows = "".join(
        f"| {label} | {' | '.join(CAPABILITIES[slug][name].works for slug in NAMES)} |\n"
        for name, label in OPERATIONS.items()
    )
    faults = "".join(f"| {' | '.join(row)} |\n" for row in FAULTS)
    return (
        INTRODUCTION
        + head
        + rows
        + FAULTS_HEAD
        + faults
        + "\n"
        + "\n".join(_notes(slug, title) for slug, title in NAMES.items())
    )


def _notes(slug: str, title: str) -> str:
    lines = [
        f"- {OPERATIONS[name]}: {'' if can.works == 'yes' else f'{can.works}. '}{can.note}\n"
        for name, can in CAPABILITIES[slug].items()
        if can.note
    ]
    return f"## {title}\n\n{''.join(lines)}"


if __name__ == "__main__":
    PAGE.write_text(build(), encoding="utf-8")
