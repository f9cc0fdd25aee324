"""Which wallets the table of the tree lists: all of a few; of many those above the agents, and the agents of one farm.

A thousand rows are no list that anybody reads, and a megabyte with every price. What is listed stands in the address:
`open` names the farm whose agents are listed, `q` a part of the names that are looked for, `page` which of the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.http import QueryDict
from django.utils.http import urlencode

from kit.paging import Pages
from wallets.hierarchy.tree import WalletNode
from wallets.models import Wallet

# Up to so many wallets are all listed; of more, so many rows are on a page.
FEW: Final = 100
ROWS: Final = 50
# Of the agents in a farm's bar on a phone, of the bars themselves, and of the archived wallets below the table.
SEGMENTS: Final = 24
BRANCHES: Final = 40
ARCHIVED: Final = 40
LONGEST: Final = 80
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class View:
    """What the address asks of the table."""

    open: str = ""
    q: str = ""
    page: str = ""

    @classmethod
    def read(cls, asked: QueryDict) -> "View":
        return cls(
            asked.get("open", "")[:LONGEST], asked.get("q", "").strip()[:LONGEST], asked.get("page", "")[:LONGEST]
        )

    @property
    def fields(self) -> dict[str, str]:
        """As parameters of an address; nothing of what is as usual."""
        return {name: text for name in ("open", "q", "page") if (text := getattr(self, name))}

    @property
    def suffix(self) -> str:
        """What stands behind another parameter."""
        return f"&{urlencode(self.fields)}" if self.fields else ""


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of the table. `is_folded` where they are not all wallets; `open` is the farm whose agents are listed."""

    nodes: tuple[WalletNode, ...]
    page: Page[Any] | None
    is_folded: bool
    open: UUID | None
    view: View

    @property
    def earlier(self) -> View | None:
        """The page before, if there is one."""
        return self._at(-1) if self.page is not None and self.page.has_previous() else None

    @property
    def later(self) -> View | None:
        return self._at(1) if self.page is not None and self.page.has_next() else None

    def _at(self, step: int) -> View:
        return replace(self.view, page=str(self.page.number + step if self.page is not None else 1))


def listed(nodes: Sequence[WalletNode], view: View, selected: WalletNode | None = None) -> Listed:
    """The rows that the address asks for; by default of many wallets those among which the selected one is."""
    if view.q:
        word = view.q.casefold()
        return _page([node for node in nodes if word in node.name.casefold()], view, None, selected)
    present = [node for node in nodes if not node.is_archived or node == selected]
    if len(present) <= FEW:
        return Listed(tuple(present), None, is_folded=False, open=None, view=view)
    opened = next((node.id for node in present if str(node.id) == view.open and node.depth), None)
    if opened is None and not view.open and selected is not None and selected.depth > 1:
        opened = selected.parent_id
        view = replace(view, open=str(opened))
    return _page([node for node in present if node.depth < 2 or node.parent_id == opened], view, opened, selected)


def _page(nodes: Sequence[WalletNode], view: View, opened: UUID | None, selected: WalletNode | None) -> Listed:
    place = next((number for number, node in enumerate(nodes) if node == selected), 0)
    page = Pages(nodes, ROWS).get_page(view.page or place // ROWS + 1)
    return Listed(tuple(page.object_list), page, is_folded=True, open=opened, view=view)


@dataclass(frozen=True, slots=True)
class Few:
    """The first of many, and how many more there are."""

    shown: tuple[WalletNode, ...]
    more: int

    @classmethod
    def of(cls, nodes: Sequence[WalletNode]) -> "Few":
        return cls(tuple(nodes[:ARCHIVED]), max(len(nodes) - ARCHIVED, 0))


@dataclass(frozen=True, slots=True)
class Branch:
    """A farm as a bar with the shares of its agents, or a reserve as one of a single part."""

    node: WalletNode
    colour: int
    segments: tuple[Decimal, ...]


def branches(nodes: Sequence[WalletNode], colours: Mapping[UUID, int]) -> list[Branch]:
    """What stands below the masters, in their order; of very many the largest."""
    shares: dict[UUID, list[Decimal]] = {}
    for node in nodes:
        if node.depth > 1 and node.parent_id and node.value and node.share:
            shares.setdefault(node.parent_id, []).append(node.share)
        elif node.role == Wallet.Role.RESERVE and node.share is not None:
            shares[node.id] = [node.share]
    found = [node for node in nodes if node.depth == 1]
    if len(found) > BRANCHES:
        found = sorted(found, key=lambda node: node.value or ZERO, reverse=True)[:BRANCHES]
    return [Branch(node, colours[node.id], _largest(shares.get(node.id, []))) for node in found]


def _largest(shares: list[Decimal]) -> tuple[Decimal, ...]:
    """All of a few; of many the largest, and the others together."""
    if len(shares) <= SEGMENTS:
        return tuple(shares)
    ranked = sorted(shares, reverse=True)
    return (*ranked[: SEGMENTS - 1], sum(ranked[SEGMENTS - 1 :], ZERO))
