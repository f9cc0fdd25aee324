"""The pictures of CONTRIBUTING.md, drawn from what the code says: its imports, and the table of an order's life.

    python docs/build_pictures.py

A test fails when a picture is not what this writes today.
"""

import ast
import sys
from collections.abc import Collection, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FLOORS: Final = (
    ("moniqo", "the roof: settings, API, home page, demo, benchmarks"),
    ("farms", "farms and agents, runs, backtests"),
    ("portfolio", "valuation, snapshots, performance"),
    ("trading", "orders, fills, positions, the risk gate"),
    ("wallets", "ledger, hierarchy, venues, sync"),
    ("markets", "instruments, prices, candles"),
    ("quant", "strategies, backtest kernel, metrics; no Django"),
    ("kit", "tenancy, users, alerts, live events, formatting"),
)
INK, QUIET, LINE, PAPER, GRID = "#1c2430", "#5b6472", "#3b6fd4", "#f4f6fa", "#d7dce5"
FONT: Final = 'font-family="system-ui, sans-serif"'
COLUMN = 78


def imported(package: str) -> set[str]:
    """The other floors that the package's modules import."""
    names = {name for name, _ in FLOORS} - {package}
    found: set[str] = set()
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            found |= {module.partition(".")[0] for module in modules} & names
    return found


def floors() -> str:
    """A floor per app from the top down; its dots say which of the floors below it imports."""
    order = [name for name, _ in FLOORS]
    parts = heads(440, order, turned=False)
    for row, (name, task) in enumerate(FLOORS):
        y = 40 + 58 * row
        parts += [
            f'<rect x="20" y="{y}" width="400" height="46" rx="6" fill="{PAPER}" stroke="{QUIET}"/>',
            f'<text x="34" y="{y + 20}" font-weight="600" fill="{INK}">{name}</text>',
            f'<text x="34" y="{y + 37}" font-size="12" fill="{QUIET}">{escape(task)}</text>',
            *dots(440, y + 23, order, imported(name)),
        ]
    return picture(440 + COLUMN * len(order), 40 + 58 * len(order), "The floors, and which floors each imports", parts)


def order_life() -> str:
    """The states of an order: each row's dots say where it may go from there in one step."""
    from trading.orders.states import NEXT, TERMINAL

    order = [state for state in NEXT if state not in TERMINAL] + sorted(TERMINAL)
    parts = heads(200, order, turned=True)
    for row, state in enumerate(order):
        y = 100 + 46 * row
        ends = state in TERMINAL
        parts += [
            f'<rect x="20" y="{y}" width="160" height="34" rx="17" fill="{INK if ends else PAPER}" stroke="{QUIET}"/>',
            f'<text x="100" y="{y + 22}" text-anchor="middle" fill="{PAPER if ends else INK}">{words(state)}</text>',
            *dots(200, y + 17, order, NEXT[state]),
        ]
    title = "The life of an order: from each state (row) to those it may become (dots); dark states are final"
    return picture(200 + COLUMN * len(order), 100 + 46 * len(order), title, parts)


def words(state: str) -> str:
    return state.replace("_", " ")


def heads(left: float, names: Sequence[str], *, turned: bool) -> list[str]:
    """The names above the columns, aslant where they are long."""
    parts = []
    for column, name in enumerate(names):
        x = left + COLUMN * (column + 0.5)
        place = f'x="0" y="0" transform="translate({x - 8} 88) rotate(-38)"' if turned else f'x="{x}" y="26"'
        anchor = "start" if turned else "middle"
        parts.append(f'<text {place} text-anchor="{anchor}" font-size="12" fill="{QUIET}">{words(name)}</text>')
    return parts


def dots(left: float, y: float, columns: Sequence[str], filled: Collection[str]) -> list[str]:
    """A line through the row with a dot in each column that is named."""
    right = left + COLUMN * len(columns)
    line = f'<path d="M {left} {y} H {right}" stroke="{GRID}"/>'
    places = [left + COLUMN * (column + 0.5) for column, name in enumerate(columns) if name in filled]
    return [line, *(f'<circle cx="{x}" cy="{y}" r="6" fill="{LINE}"/>' for x in places)]


def picture(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" {FONT} font-size="14">\n<title>{escape(title)}</title>\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def build() -> dict[Path, str]:
    """The files and what stands in them."""
    folder = ROOT / "docs" / "pictures"
    return {folder / "floors.svg": floors(), folder / "order-life.svg": order_life()}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for path, text in build().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
