"""The wallet pages: the tree with its inspector, one wallet, and the steps of a movement of money.

A movement is asked for in the inspector's form, shown as before and after (the review, which changes nothing), and done
by confirming (a POST with the key that the review made). Each step is an address of its own and works without
JavaScript; with it the review opens as a dialog and the page's regions refresh themselves.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import reswap, retarget, trigger_client_event

from kit import statuses
from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import HtmxRequest, add_toast, missing_is_404, owner_of, vary, wants_part
from kit.templatetags import formats
from wallets.hierarchy import movements, places
from wallets.hierarchy.flow import capital_flow, colours
from wallets.hierarchy.forms import MovementForm, SettingsForm, WalletForm
from wallets.hierarchy.review import Movement, arguments, find_movement, plain, review, suggestion
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.ledger import statements
from wallets.models import Account, Connection, Wallet

OFF_TARGET = Decimal("0.025")
ENTRIES_SHOWN = 50
ALLOCATIONS_SHOWN = 20
TABS = (("allocate", "Allocate"), ("collect", "Collect"), ("settings", "Settings"))
MASTER_TABS = (("deposit", "Deposit"), ("settings", "Settings"))
CHILD_ROLE = {Wallet.Role.MASTER.value: Wallet.Role.FARM, Wallet.Role.FARM.value: Wallet.Role.AGENT}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree table."""

    node: WalletNode
    colour: int
    is_off: bool
    status_kind: str
    status: str


# --- the tree -------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def tree(request: HtmxRequest) -> HttpResponse:
    """All wallets and the inspector of one; `?wallet=…&tab=…` says which."""
    nodes = wallet_tree(owner_id=owner_of(request))
    return _tree_page(request, nodes, _chosen(request, nodes))


@login_required
@require_GET
def wallet(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One wallet: what it holds, the statement of one of its accounts, and how money came and went."""
    owner_id = owner_of(request)
    nodes = wallet_tree(owner_id=owner_id)
    node = _find(nodes, pk)
    asset = request.GET.get("asset") or node.base_asset
    kind = request.GET.get("kind") or Account.Kind.WALLET.value
    statement = statements.entries(owner_id=owner_id, wallet_id=pk, asset=asset, kind=kind)
    page = Paginator(statement, ENTRIES_SHOWN).get_page(request.GET.get("page"))
    accounts = list(Account.objects.filter(wallet_id=pk).exclude(version=0, held_version=0).order_by("kind", "asset"))
    context = {
        "row": _row(node, colours(nodes)),
        "node": node,
        "path": _path(nodes, node),
        "below": [_row(other, colours(nodes)) for other in nodes if other.parent_id == pk],
        "child_role": CHILD_ROLE.get(node.role),
        "asset": asset,
        "kind": kind,
        "kind_label": dict(Account.Kind.choices).get(kind, kind),
        "accounts": accounts,
        "page": page,
        "lines": [statements.entry_line(entry) for entry in page.object_list],
        "allocations": statements.allocations(owner_id=owner_id, wallet_id=pk)[:ALLOCATIONS_SHOWN],
    }
    return vary(render(request, "wallets/wallet.html", context))


# --- moving money ---------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HtmxRequest, pk: UUID, action: str) -> HttpResponse:
    """GET reviews what the movement would do, POST with the review's key does it."""
    nodes = wallet_tree(owner_id=owner_of(request))
    movement = find_movement(nodes, _find(nodes, pk), action)
    form = MovementForm(
        request.POST if request.method == "POST" else request.GET,
        source=movement.source,
        base_asset=movement.target.base_asset,
    )
    if not form.is_valid():
        return _refused(request, nodes, movement, form)
    try:
        if request.method == "POST":
            return _done(request, movement, form)
        return _review(request, movement, form)
    except MoniqoError as error:
        explain(form, error, otherwise="amount" if error.code == "insufficient_funds" else None)
        return _refused(request, nodes, movement, form)


@login_required
@require_POST
def settings(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Store name, target and trading state of a wallet."""
    owner_id = owner_of(request)
    nodes = wallet_tree(owner_id=owner_id)
    node = _find(nodes, pk)
    form = SettingsForm(request.POST, is_master=node.parent_id is None)
    if form.is_valid():
        try:
            places.update_wallet(
                owner_id=owner_id,
                wallet_id=pk,
                name=form.cleaned_data["name"],
                target_weight=form.target_weight,
                trading_state=form.cleaned_data["trading_state"],
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is saved.")
            return redirect(_address(pk, "settings"))
    return _tree_page(request, nodes, (node, "settings"), form=form, status=422)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new wallet under `?parent=…`, or a new master."""
    owner_id = owner_of(request)
    parent_id = request.GET.get("parent")
    parent = _parent(owner_id, parent_id) if parent_id else None
    if parent is None and not Connection.objects.filter(owner_id=owner_id).exists():
        messages.info(request, "A master wallet stands for an account: open one first.")
        return redirect("wallets:connection-create")
    role = CHILD_ROLE[parent.role] if parent else Wallet.Role.MASTER
    form = WalletForm(request.POST or None, parent=parent, owner_id=owner_id)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                made = places.create_wallet(
                    owner_id=owner_id,
                    name=form.cleaned_data["name"],
                    role=role.value,
                    parent=parent,
                    connection=form.cleaned_data.get("connection"),
                    target_weight=form.target_weight,
                )
            except MoniqoError as error:
                explain(form, error)
            else:
                messages.success(request, f"{made.name} is there; it has no money yet.")
                return redirect(_address(made.pk, "allocate" if parent else "deposit"))
    context = {"form": form, "parent": parent, "role": role.label.lower()}
    return render(request, "wallets/create.html", context, status=status)


# --- inside ---------------------------------------------------------------------------------------------------------


def _tree_page(
    request: HtmxRequest,
    nodes: tuple[WalletNode, ...],
    chosen: tuple[WalletNode, str] | None,
    *,
    form: Form | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, or the region that htmx asks for: `overview` when something happened, `wallets` for another choice."""
    colour = colours(nodes)
    context: dict[str, Any] = {
        "rows": [_row(node, colour) for node in nodes],
        "masters": [node for node in nodes if node.depth == 0],
        "farms": [row for row in (_row(node, colour) for node in nodes) if row.node.role == Wallet.Role.FARM],
        "flow": capital_flow(nodes),
        "totals": _totals(nodes),
        "off_target": OFF_TARGET,
        "selected": None,
    }
    if chosen:
        node, tab = chosen
        context |= {
            "selected": _row(node, colour),
            "tab": tab,
            "choices": TABS if node.parent_id else MASTER_TABS,
            "form": form or _form(request, nodes, node, tab),
            "movement": None if tab == "settings" else find_movement(nodes, node, tab),
            "child_role": CHILD_ROLE.get(node.role),
        }
    return vary(render(request, _template(request), context, status=status))


def _template(request: HtmxRequest) -> str:
    if not wants_part(request):
        return "wallets/tree.html"
    if request.htmx.target == "overview":
        return "wallets/overview.html"
    return "wallets/tree.html#wallets"


def _chosen(request: HttpRequest, nodes: tuple[WalletNode, ...]) -> tuple[WalletNode, str] | None:
    """The wallet and the tab of the address; by default the first farm's allocation."""
    if not nodes:
        return None
    asked = request.GET.get("wallet", "")
    node = next((node for node in nodes if str(node.id) == asked), None)
    if node is None:
        if asked:
            raise Http404("There is no such wallet.")
        node = next((node for node in nodes if node.role == Wallet.Role.FARM), nodes[0])
    tabs = [tab for tab, _ in (TABS if node.parent_id else MASTER_TABS)]
    tab = request.GET.get("tab", "")
    return node, tab if tab in tabs else tabs[0]


def _form(request: HttpRequest, nodes: tuple[WalletNode, ...], node: WalletNode, tab: str) -> Form:
    if tab == "settings":
        percent = None if node.target_weight is None else (node.target_weight * 100).normalize()
        return SettingsForm(
            initial={
                "name": node.name,
                "target_percent": None if percent is None else f"{percent:f}",
                "trading_state": node.trading_state,
            },
            is_master=node.parent_id is None,
        )
    movement = find_movement(nodes, node, tab)
    initial = {"amount": suggestion(movement)} if request.GET.get("fill") == "target" else None
    return MovementForm(source=movement.source, base_asset=movement.target.base_asset, initial=initial)


def _review(request: HtmxRequest, movement: Movement, form: MovementForm) -> HttpResponse:
    ask = {
        "deposit": movements.preview_deposit,
        "allocate": movements.preview_allocate,
        "collect": movements.preview_collect,
    }[movement.action]
    preview = ask(**arguments(movement, owner_of(request), form))  # type: ignore[operator]
    context = review(movement, preview) | {
        "action": movement.url,
        "hidden": [
            ("asset", preview.asset),
            ("amount", f"{preview.amount:f}"),
            ("note", form.cleaned_data.get("note", "")),
            ("key", uuid4().hex),
        ],
        "cancel_url": _address(movement.wallet.id, movement.action),
        "target": "#dialog",
    }
    return vary(render(request, "components/confirm.html" if request.htmx else "wallets/review.html", context))


def _done(request: HtmxRequest, movement: Movement, form: MovementForm) -> HttpResponse:
    asked = arguments(movement, owner_of(request), form) | {"key": request.POST.get("key", "")}
    if movement.source is not None:
        asked["note"] = form.cleaned_data.get("note", "")
    act = {"deposit": movements.deposit, "allocate": movements.allocate, "collect": movements.collect}[movement.action]
    done = act(**asked)  # type: ignore[operator]
    amount = plain(formats.amount(done.amount, done.asset))
    names = f" from {movement.source.name}" if movement.source else ""
    said = f"{amount} went{names} to {movement.target.name}."
    if not request.htmx:
        messages.success(request, said)
        return redirect(_address(movement.wallet.id, movement.action))
    response = HttpResponse(status=204)
    trigger_client_event(response, "dialog:close")
    trigger_client_event(response, "live:wallets")
    add_toast(response, said)
    return response


def _refused(
    request: HtmxRequest, nodes: tuple[WalletNode, ...], movement: Movement, form: MovementForm
) -> HttpResponse:
    """The page with the form and what is wrong with it; htmx puts it where the form is, not into the dialog."""
    response = _tree_page(request, nodes, (movement.wallet, movement.action), form=form, status=422)
    if not request.htmx:
        return response
    trigger_client_event(response, "dialog:close")
    return reswap(retarget(response, "#wallets"), "outerHTML")


def _totals(nodes: tuple[WalletNode, ...]) -> dict[str, Any] | None:
    """The metrics bar: of all masters together, as long as they share a base asset."""
    masters = [node for node in nodes if node.depth == 0]
    if not masters or len({node.base_asset for node in masters}) > 1:
        return None
    value = sum((node.value or Decimal(0) for node in masters), Decimal(0))
    own = sum((node.own_value or Decimal(0) for node in masters), Decimal(0))
    is_known = any(node.value is not None for node in masters)
    changes = [node.change for node in masters]
    change = None if None in changes else sum((change for change in changes if change is not None), Decimal(0))
    agents = [node for node in nodes if node.role == Wallet.Role.AGENT]
    return {
        "base_asset": masters[0].base_asset,
        "value": value if is_known else None,
        "change": change,
        "change_fraction": None if change is None or value == change else change / (value - change),
        "allocated": value - own if is_known else None,
        "allocated_share": (value - own) / value if value else None,
        "free": sum((node.free_value for node in masters), Decimal(0)),
        "free_share": own / value if value else None,
        "held": sum((node.held_value for node in masters), Decimal(0)),
        "off_target": sum(_is_off(node) for node in nodes),
        "agents": len(agents),
        "active_agents": sum(node.state == Wallet.TradingState.ACTIVE for node in agents),
        "farms": sum(node.role == Wallet.Role.FARM for node in nodes),
        "masters": len(masters),
        "unpriced": sorted({asset for node in masters for asset in node.unpriced}),
    }


def _row(node: WalletNode, colour: dict[UUID, int]) -> Row:
    kind, status = node.freshness.kind, node.freshness.label
    if node.state == Wallet.TradingState.HALTED:
        kind, status = statuses.colour("wallet", node.state), "Halted"
    elif node.state == Wallet.TradingState.REDUCING:
        kind, status = statuses.colour("wallet", node.state), "Reducing"
    elif kind != "bad" and _is_off(node):
        kind, status = statuses.colour("wallet", "off_target"), "Off target"
    return Row(node, colour[node.id], _is_off(node), kind, status)


def _is_off(node: WalletNode) -> bool:
    return node.drift is not None and abs(node.drift) > OFF_TARGET


def _path(nodes: tuple[WalletNode, ...], node: WalletNode) -> list[WalletNode]:
    """The wallets above, from the master down."""
    by_id = {other.id: other for other in nodes}
    path: list[WalletNode] = []
    while node.parent_id is not None:
        node = by_id[node.parent_id]
        path.insert(0, node)
    return path


def _find(nodes: tuple[WalletNode, ...], pk: UUID) -> WalletNode:
    for node in nodes:
        if node.id == pk:
            return node
    raise Http404("There is no such wallet.")


def _parent(owner_id: UUID, parent_id: str) -> Wallet:
    with missing_is_404(ValueError):
        parent = places.get_wallet(owner_id=owner_id, wallet_id=UUID(parent_id))
    if parent.role not in CHILD_ROLE:
        raise Http404("An agent has no wallets below it.")
    return parent


def _address(pk: UUID, tab: str) -> str:
    return f"{reverse('wallets:tree')}?{urlencode({'wallet': str(pk), 'tab': tab})}"
