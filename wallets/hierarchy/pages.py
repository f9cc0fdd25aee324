"""The two pages of wallets, all of them and one, as the views show them; both hold the form that moves money."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from django.core.paginator import Page
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import urlencode

from kit.http import HtmxRequest, owner_of, vary, wants_part
from kit.paging import Pages
from kit.sorting import understood
from kit.statuses import State
from wallets.hierarchy import folding, transfers
from wallets.hierarchy.flow import capital_flow, colours
from wallets.hierarchy.folding import View
from wallets.hierarchy.forms import MovementForm, SettingsForm
from wallets.hierarchy.parts import Move, find_move
from wallets.hierarchy.states import OFF_TARGET, Work, is_off, may_trade, wallet_state, work_of
from wallets.hierarchy.transfers import SWAPPED, TREE, WALLET, Place, Transfer
from wallets.hierarchy.tree import WalletNode
from wallets.ledger import statements
from wallets.models import Account, Wallet, WalletRule

ENTRIES_SHOWN: Final = 50
ALLOCATIONS_SHOWN: Final = 20
SETTINGS: Final = "settings"
TABS: Final = (("allocate", "Allocate"), ("collect", "Collect"), (SETTINGS, "Settings"))
MASTER_TABS: Final = (("deposit", "Deposit"), (SETTINGS, "Settings"))
ICONS: Final = {
    Wallet.Role.MASTER: "wallet",
    Wallet.Role.FARM: "split",
    Wallet.Role.AGENT: "bot",
    Wallet.Role.RESERVE: "piggy-bank",
    Wallet.Role.POOL: "users",
    Wallet.Role.UNASSIGNED: "inbox",
}
WALLET_PARTS: Final = ("wallet", "inspector")  # the regions of one wallet's page that htmx asks for
FORM: Final = "transfer"  # what htmx targets when it asks for the form alone

_UNKNOWN: Final = "-" * 24  # stands where what a page has seen is written

Nodes = tuple[WalletNode, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree table."""

    node: WalletNode
    colour: int
    is_off: bool
    state: State

    @property
    def icon(self) -> str:
        return ICONS[Wallet.Role(self.node.role)]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things that can be done with a wallet."""

    tab: str
    label: str
    address: str


def choices(place: Place, node: WalletNode, *, settings: bool = True) -> list[Choice]:
    """On its own page a master offers what moves money to and from its farms too; in the tree each farm does. Nothing
    where a real account's master has no farm yet."""
    tabs: tuple[tuple[str, str], ...] = TABS if node.parent_id else MASTER_TABS
    if node.role == Wallet.Role.UNASSIGNED:  # its money goes to a wallet of the account, on a page of its own
        return [Choice(SETTINGS, "Settings", place.with_tab(SETTINGS))] if settings else []
    if tabs is MASTER_TABS and place.page == WALLET and node.present_children:
        tabs = (*MASTER_TABS[:1], *TABS[:2])
    if not node.is_paper:  # what arrives at a real account, its next sync finds
        tabs = tuple(tab for tab in tabs if tab[0] != "deposit")
    return [Choice(tab, label, place.with_tab(tab)) for tab, label in tabs if settings or tab != SETTINGS]


def chosen(request: HttpRequest, nodes: Nodes) -> Place | None:
    """The wallet and the tab of the address; by default the first farm's allocation."""
    if not nodes:
        return None
    asked = request.GET.get("wallet", "")
    present = [node for node in nodes if not node.is_archived] or nodes
    node = find(nodes, asked) if asked else next((one for one in present if one.role == Wallet.Role.FARM), present[0])
    return place_of(nodes, node, TREE, request.GET)


def place_of(nodes: Nodes, node: WalletNode, page: str, asked: QueryDict) -> Place:
    """The place on that page: `tab`, the first where the wallet has no such, and `child`, by default the first farm.

    Raises Http404 for a child that is none of the wallet's.
    """
    tabs = [choice.tab for choice in choices(Place(page, node.id, ""), node, settings=page == TREE)]
    tab = asked.get("tab", "")
    place = Place(page, node.id, tab if tab in tabs else next(iter(tabs), ""), view=_view(page, asked))
    if node.parent_id or place.tab not in SWAPPED:
        return place
    below = _present_below(nodes, node)
    return replace(place, child=find(below, str(asked.get("child") or below[0].id)).id)


def place_of_move(nodes: Nodes, wallet_id: UUID, action: str, sent: QueryDict) -> Place:
    """Where the form stood that asks for a movement: on the wallet's page, its master's, or the one of all wallets."""
    if sent.get("at") != WALLET:
        return Place(TREE, wallet_id, action, view=_view(TREE, sent))
    host, node = find(nodes, str(sent.get("wallet") or wallet_id)), find(nodes, wallet_id)
    child = node.id if node.parent_id == host.id else None
    return Place(WALLET, host.id if child else node.id, action, child=child)


def find(nodes: Nodes, wallet_id: UUID | str) -> WalletNode:
    """The wallet, or Http404."""
    for node in nodes:
        if str(node.id) == str(wallet_id):
            return node
    raise Http404("There is no such wallet.")


def move_at(nodes: Nodes, place: Place) -> Move:
    """The movement that the place is for, or Http404."""
    move = find_move(nodes, find(nodes, place.moved), place.tab)
    if move is None:
        raise Http404("This wallet has no such movement.")
    return move


def page_with(
    request: HtmxRequest,
    nodes: Nodes,
    place: Place,
    *,
    form: MovementForm | None = None,
    done: UUID | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form at its place with what has become of it: the form alone for htmx, else the page that it stands on."""
    move = move_at(nodes, place)
    shown = transfers.transfer(
        owner_id=owner_of(request), place=place, move=move, data=request.GET, form=form, done=done
    )
    if request.htmx:
        return vary(render(request, "wallets/transfer.html", {"transfer": shown}, status=status))
    if place.page == WALLET:
        return wallet_page(request, nodes, place, shown=shown, status=status)
    return tree_page(request, nodes, place, shown=shown, status=status)


def tree_page(
    request: HtmxRequest,
    nodes: Nodes,
    place: Place | None,
    *,
    settings: Form | None = None,
    shown: Transfer | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or the region that htmx asks for: `overview` when something happened, `wallets` for another choice."""
    colour, work = colours(nodes), work_of(owner_of(request))
    # What is put away stands below the tree, unless it is what one looks at.
    present = tuple(node for node in nodes if not node.is_archived or (place and node.id == place.wallet_id))
    chosen = find(nodes, place.wallet_id) if place else None
    view = place.view if place else View()
    found = folding.listed(nodes, view, chosen)
    rows = [_row(node, colour, work) for node in found.nodes]
    roots = [node for node in present if node.depth == 0]
    context: dict[str, Any] = {
        "present": present,
        "rows": rows,
        "listed": found,
        "masters": [node for node in roots if node.role == Wallet.Role.MASTER],
        # One master stands in its own asset, as its value does; several together in the owner's.
        "whole_scope": roots[0].id if len(roots) == 1 else owner_of(request),
        "farms": [node for node in present if node.role == Wallet.Role.FARM],
        "branches": folding.branches(present, colour),
        "archived": folding.Few.of([node for node in nodes if node.is_archived]),
        "flow": capital_flow(present),
        "totals": _totals(present, work),
        "off_target": OFF_TARGET,
        "selected": None,
    }
    if place and chosen:
        context |= {
            "selected": _row(chosen, colour, work),
            "place": place,
            "choices": choices(place, chosen),
            "form": settings or SettingsForm(node=chosen),
            "transfer": None if place.tab == SETTINGS else shown or _transfer(request, nodes, place),
        }
    template = _template(request)
    # A new map comes with the state of the chosen wallet; the form asks for its figures when it has been drawn.
    context["is_beside"] = template == "wallets/overview.html"
    if context["is_beside"]:
        return vary(_overview(request, template, context))
    return vary(render(request, template, context, status=status))


def _overview(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The figures and the table; nothing where the page, which tells what it has seen, shows them already."""
    html = render_to_string(template, {**context, "seen": _UNKNOWN}, request)
    seen = blake2b(html.encode(), digest_size=len(_UNKNOWN) // 2).hexdigest()
    if request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    return _drawn(HttpResponse(html.replace(_UNKNOWN, seen)))


def wallet_page(
    request: HtmxRequest, nodes: Nodes, place: Place, *, shown: Transfer | None = None, status: int = 200
) -> HttpResponse:
    """One wallet: what it holds, the statement of one of its accounts, and how money came and went."""
    owner_id, pk, colour = owner_of(request), place.wallet_id, colours(nodes)
    work = work_of(owner_id)
    node = find(nodes, pk)
    asset = request.GET.get("asset") or node.base_asset
    kind = request.GET.get("kind") or Account.Kind.WALLET.value
    span = statements.Span.read(request.GET)
    which: dict[str, Any] = {"owner_id": owner_id, "wallet_id": pk, "asset": asset, "kind": kind}
    statement = statements.entries(**which, numbers=statements.numbers_of(span, **which))
    sort = understood(request.GET.get("sort", ""), ("when",)) or "-when"
    # Entries of an account are numbered as they are made: the index of their numbers lists them either way.
    statement = statement.order_by("version" if sort == "when" else "-version")
    page = Pages(statement, ENTRIES_SHOWN).get_page(request.GET.get("page"))
    account = {"asset": asset, "kind": kind, **span.address}
    below = Pages(_present_below(nodes, node), folding.ROWS).get_page(request.GET.get("below"))
    accounts = list(Account.objects.filter(wallet_id=pk).exclude(version=0, held_version=0).order_by("kind", "asset"))
    context = {
        "row": _row(node, colour, work),
        "node": node,
        "path": _path(nodes, node),
        "below": [_row(other, colour, work) for other in below.object_list],
        "below_page": below,
        "place": place,
        "here": f"{place.path}?{urlencode({**account, 'page': str(page.number), 'sort': sort, **_more(below)})}",
        "span": span,
        "csv": urlencode(account),
        "sort": sort,
        "choices": choices(place, node, settings=False),
        "farms": [(other.name, replace(place, child=other.id)) for other in _farms_of(nodes, place)],
        "transfer": shown or (_transfer(request, nodes, place) if place.tab else None),
        "asset": asset,
        "kind": kind,
        "kind_label": dict(Account.Kind.choices).get(kind, kind),
        "accounts": accounts,
        "page": page,
        "lines": [statements.entry_line(entry) for entry in page.object_list],
        "rules": WalletRule.objects.filter(wallet_id=pk),
        "moved": statements.moved(owner_id=owner_id, wallet_id=pk)[:ALLOCATIONS_SHOWN],
    }
    part = request.htmx.target if wants_part(request) else ""
    template = f"wallets/wallet.html#{part}" if part in WALLET_PARTS else "wallets/wallet.html"
    answer = render(request, template, context, status=status)
    return vary(_drawn(answer) if part == "wallet" else answer)


def _farms_of(nodes: Nodes, place: Place) -> list[WalletNode]:
    """The farms that a master's own page offers to move money to and from."""
    return [one for one in _present_below(nodes, find(nodes, place.wallet_id)) if place.child]


def _present_below(nodes: Nodes, node: WalletNode) -> Nodes:
    return tuple(other for other in nodes if other.parent_id == node.id and not other.is_archived)


def _more(below: Page[WalletNode]) -> dict[str, str]:
    return {"below": str(below.number)} if below.has_other_pages() else {}


def _view(page: str, asked: QueryDict) -> View:
    """What the table lists; a wallet's own page has none."""
    return View.read(asked) if page == TREE else View()


# --- inside ---------------------------------------------------------------------------------------------------------


def _transfer(request: HtmxRequest, nodes: Nodes, place: Place) -> Transfer:
    return transfers.transfer(owner_id=owner_of(request), place=place, move=move_at(nodes, place), data=request.GET)


def _drawn(answer: HttpResponse) -> HttpResponse:
    """Figures that are drawn anew have the form beside them fetch its own, so that both are of one moment."""
    answer["HX-Trigger-After-Settle"] = "drawn"
    return answer


def _template(request: HtmxRequest) -> str:
    if not wants_part(request):
        return "wallets/tree.html"
    if request.htmx.target == "overview":
        return "wallets/overview.html"
    return "wallets/tree.html#wallets"


def _totals(nodes: tuple[WalletNode, ...], work: Mapping[UUID, Work]) -> dict[str, Any] | None:
    """The metrics bar: of all masters and what is unassigned, as long as they share a base asset."""
    roots = [node for node in nodes if node.depth == 0]
    if not roots or len({node.base_asset for node in roots}) > 1:
        return None
    masters = [node for node in roots if node.role == Wallet.Role.MASTER]
    value = sum((node.value or Decimal(0) for node in roots), Decimal(0))
    own = sum((node.own_value or Decimal(0) for node in roots), Decimal(0))
    kept = sum((node.own_value or Decimal(0) for node in masters), Decimal(0))
    is_known = any(node.value is not None for node in roots)
    agents = [node for node in nodes if node.role == Wallet.Role.AGENT]
    return {
        "base_asset": roots[0].base_asset,
        "value": value if is_known else None,
        "allocated": value - own if is_known else None,
        "allocated_share": (value - own) / value if value else None,
        "free": sum((node.free_value for node in masters), Decimal(0)),
        "free_share": kept / value if value else None,
        "held": sum((node.held_value for node in roots), Decimal(0)),
        "off_target": sum(is_off(node) for node in nodes),
        "agents": len(agents),
        "active_agents": sum(may_trade(node, work) for node in agents),
        "farms": sum(node.role == Wallet.Role.FARM for node in nodes),
        "masters": len(masters),
        "has_unassigned": len(roots) > len(masters),
        "unpriced": sorted({asset for node in roots for asset in node.unpriced}),
    }


def _row(node: WalletNode, colour: dict[UUID, int], work: Mapping[UUID, Work]) -> Row:
    return Row(node, colour[node.id], is_off(node), wallet_state(node, work.get(node.id)))


def _path(nodes: tuple[WalletNode, ...], node: WalletNode) -> list[WalletNode]:
    """The wallets above, from the master down."""
    by_id = {other.id: other for other in nodes}
    path: list[WalletNode] = []
    while node.parent_id is not None:
        node = by_id[node.parent_id]
        path.insert(0, node)
    return path
