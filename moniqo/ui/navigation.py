"""Where one can go: the pages of the sidebar, and what the command palette finds."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse


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
POSITIONS = Page("Positions", "trading:positions", "layers-2", counter="positions", key="o")
ORDERS = Page("Orders", "trading:orders", "list-ordered", counter="orders", key="r")
TRADES = Page("Trades", "trading:trades", "arrow-left-right", key="t")
CONNECTIONS = Page("Connections", "wallets:connections", "plug", key="c")
MORE = Page("More", "ui:jump", "menu")

SECTIONS = (
    Section("", (PORTFOLIO, WALLETS, FARMS)),
    Section("Trading", (POSITIONS, ORDERS, TRADES)),
    Section("Operations", (CONNECTIONS,)),
)
TABS = (PORTFOLIO, WALLETS, POSITIONS, FARMS, MORE)


def links(pages: tuple[Page, ...], *, path: str, counts: Mapping[str, int]) -> list[Link]:
    """`pages` as links, the one that `path` belongs to marked as current."""
    return [
        Link(page.label, url, page.icon, page.key, counts.get(page.counter), _is_current(url, path))
        for page in pages
        if (url := _url(page)) is not None
    ]


def _url(page: Page) -> str | None:
    try:
        return reverse(page.url_name)
    except NoReverseMatch:
        return None


def _is_current(url: str, path: str) -> bool:
    """A page is current for itself and for everything below it; the home page for itself only."""
    return path == url if url == "/" else path.startswith(url)
