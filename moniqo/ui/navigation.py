"""Where one can go: the pages of the sidebar, and what the command palette finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Page:
    """An entry of the sidebar. `counter` names the figure of the shell shown beside it; `key` is pressed after g."""

    label: str
    url_name: str
    icon: str
    counter: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A page, or something found by name, as the template shows it."""

    label: str
    url: str
    icon: str
    key: str = ""
    count: int | None = None
    is_current: bool = False
    hint: str = ""


PORTFOLIO = Page("Portfolio", "portfolio:home", "layout-dashboard", key="p")
WALLETS = Page("Wallets", "wallets:tree", "network", key="w")
FARMS = Page("Farms", "farms:list", "split", counter="farms", key="f")
STRATEGIES = Page("Strategies", "strategies:list", "list-checks", key="s")
LABORATORY = Page("Laboratory", "laboratory:list", "flask-conical", key="b")
ADVICE = Page("Advice", "advice:list", "message-circle-question-mark", key="i")
GOALS = Page("Goals", "goals:list", "target", counter="goals", key="l")
POSITIONS = Page("Positions", "trading:positions", "layers-2", counter="positions", key="o")
ORDERS = Page("Orders", "trading:orders", "list-ordered", counter="orders", key="r")
TRADES = Page("Trades", "trading:trades", "arrow-left-right", key="t")
ALERTS = Page("Alerts", "alerts:inbox", "bell", counter="alerts", key="a")
APPROVALS = Page("Approvals", "approvals:list", "circle-question-mark", counter="approvals", key="v")
CONNECTIONS = Page("Connections", "wallets:connections", "plug", key="c")
MORE = Page("More", "ui:jump", "menu")

SECTIONS = (
    Section("", (PORTFOLIO, WALLETS, FARMS, STRATEGIES, LABORATORY, ADVICE, GOALS)),
    Section("Trading", (POSITIONS, ORDERS, TRADES)),
    Section("Operations", (ALERTS, APPROVALS, CONNECTIONS)),
)
# Of phones. Alerts have none: the bell with their count is in sight on every page.
TABS = (PORTFOLIO, WALLETS, POSITIONS, GOALS, MORE)


def links(pages: tuple[Page, ...], *, path: str, counts: Mapping[str, int]) -> list[Link]:
    """`pages` as links, the one that `path` belongs to marked as current."""
    current = _current(path)
    return [
        Link(page.label, url, page.icon, page.key, counts.get(page.counter), url == current)
        for page, url in ((page, reverse(page.url_name)) for page in pages)
    ]


def _current(path: str) -> str:
    """The address of the page that `path` lies in, the innermost of several; the home page holds only itself."""
    urls = [reverse(page.url_name) for section in SECTIONS for page in section.pages]
    holding = [url for url in urls if path == url or (url != "/" and path.startswith(url))]
    return max(holding, key=len, default=path)
