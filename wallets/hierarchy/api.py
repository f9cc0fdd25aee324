"""Wallets and the movements of money between them, for programs. The same services as the pages."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status

from kit import days
from kit.api import IdempotencyKey, Page, PageQuery, WholeOrPage, paginate, paginate_numbered
from kit.asking import require_known
from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.users.access import LIMITS, MOVE, READ
from wallets.hierarchy import archiving, movements, places, plans, tree, undoing, wishes
from wallets.hierarchy.parts import Move, ShareChange, amount_of, find_move, read_part, share_change
from wallets.hierarchy.schemas import (
    AllocateIn,
    AllocatePreviewIn,
    AllocationOut,
    CollectIn,
    CollectPreviewIn,
    DepositIn,
    EntryOut,
    HoldingOut,
    PartIn,
    PlaceIn,
    PlanIn,
    PlanOut,
    PreviewOut,
    ProtectionIn,
    StatementQuery,
    TransferNarrow,
    TransferOut,
    TreeOut,
    WalletChange,
    WalletIn,
    WalletOut,
    line_shown,
)
from wallets.hierarchy.states import Work, wallet_state, work_of
from wallets.hierarchy.tree import Holding, WalletNode
from wallets.ledger import statements
from wallets.models import Account, AllocationLine, Entry, Transfer, Wallet
from wallets.venues.accounts import get_connection

router = Router()


# --- wallets --------------------------------------------------------------------------------------------------------


@router.get("/wallets", response=list[WalletOut] | Page[WalletOut], summary="All wallets with their figures")
def list_wallets(request: HttpRequest, query: Query[WholeOrPage]) -> Any:
    """Depth first as a plain list; in pages, newest first, when `limit` or `cursor` asks for one."""
    work, nodes = work_of(owner_of(request)), tree.wallet_tree(owner_id=owner_of(request))
    if (page := query.page) is None:
        return [_wallet(node, work) for node in nodes]
    by_id = {node.id: node for node in nodes}
    return paginate(Wallet.objects.filter(pk__in=by_id), page, present=lambda row: _wallet(by_id[row.pk], work))


@router.get("/wallets/tree", response=list[TreeOut], summary="All wallets, nested")
def get_tree(request: HttpRequest) -> Any:
    work, nodes = work_of(owner_of(request)), tree.wallet_tree(owner_id=owner_of(request))
    below: dict[UUID | None, list[dict[str, Any]]] = {}
    for node in reversed(nodes):
        children = below.pop(node.id, [])
        below.setdefault(node.parent_id, []).insert(0, _wallet(node, work) | {"children": children})
    return below.get(None, [])


@router.post("/wallets", response={201: WalletOut}, summary="Make a master wallet or a reserve")
def create_wallet(request: HttpRequest, body: WalletIn) -> Any:
    owner_id = owner_of(request)
    parent = places.get_wallet(owner_id=owner_id, wallet_id=body.parent_id) if body.parent_id else None
    given = get_connection(owner_id=owner_id, connection_id=body.connection_id) if body.connection_id else None
    if parent is not None and "base_asset" in body.sent() and body.base_asset != parent.base_asset:
        raise InvalidInputError(
            f"A reserve counts in the base asset of its master, {parent.base_asset}.",
            fields={"base_asset": "Not the master's."},
        )
    made = places.create_wallet(
        owner_id=owner_id,
        name=body.name,
        role=body.role,
        parent=parent,
        connection=given,
        base_asset=body.base_asset,
    )
    return Status(201, _one(owner_id, made.pk))


@router.get("/wallets/{wallet_id}", response=WalletOut, summary="One wallet")
def get_wallet(request: HttpRequest, wallet_id: UUID) -> Any:
    return _one(owner_of(request), wallet_id)


@router.patch(
    "/wallets/{wallet_id}", response=WalletOut, summary="Change name, target, minimum balance or trading state"
)
def change_wallet(request: HttpRequest, wallet_id: UUID, body: WalletChange) -> Any:
    owner_id = owner_of(request)
    wallet = places.get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    now = {name: getattr(wallet, name) for name in WalletChange.model_fields}
    places.update_wallet(owner_id=owner_id, wallet_id=wallet_id, **now | body.sent())
    return _one(owner_id, wallet_id)


@router.post("/wallets/{wallet_id}/archive", response=WalletOut, summary="Put an empty master or reserve away")
def archive_wallet(request: HttpRequest, wallet_id: UUID) -> Any:
    """409 says what to do first. The wallets of farms and agents are archived with them: `POST /farms/{id}/archive`."""
    archiving.archive_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    return _one(owner_of(request), wallet_id)


@router.post("/wallets/{wallet_id}/restore", response=WalletOut, summary="Take an archived master or reserve back")
def restore_wallet(request: HttpRequest, wallet_id: UUID) -> Any:
    archiving.restore_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    return _one(owner_of(request), wallet_id)


@router.post("/wallets/{wallet_id}/move", response=WalletOut, summary="Give a reserve another master")
def move_wallet(request: HttpRequest, wallet_id: UUID, body: PlaceIn) -> Any:
    """A wallet takes its money and its past along. Farms and agents are moved with theirs: `POST /farms/{id}/move`."""
    archiving.move_wallet(owner_id=owner_of(request), wallet_id=wallet_id, parent_id=body.parent_id)
    return _one(owner_of(request), wallet_id)


@router.put("/wallets/{wallet_id}/protection", auth=LIMITS, response=WalletOut, summary="Stops while it is halted")
def set_protection(request: HttpRequest, wallet_id: UUID, body: ProtectionIn) -> Any:
    """Usually they are carried out. To end that, `words` is `Leave NAME unprotected when it is halted`."""
    places.set_protection(owner_id=owner_of(request), wallet_id=wallet_id, protects=body.protects, words=body.words)
    return _one(owner_of(request), wallet_id)


# --- moving money ---------------------------------------------------------------------------------------------------


@router.post("/wallets/{wallet_id}/deposit", auth=MOVE, response={201: AllocationOut}, summary="Deposit play money")
def deposit(request: HttpRequest, wallet_id: UUID, body: DepositIn, key: IdempotencyKey) -> Any:
    done = movements.deposit(
        owner_id=owner_of(request), wallet_id=wallet_id, amount=body.amount, asset=body.asset, key=key
    )
    return Status(201, done)


@router.post("/wallets/{wallet_id}/deposit/preview", auth=READ, response=PreviewOut, summary="Preview a deposit")
def preview_deposit(request: HttpRequest, wallet_id: UUID, body: DepositIn) -> Any:
    return _preview(
        movements.preview_deposit(
            owner_id=owner_of(request), wallet_id=wallet_id, amount=body.amount, asset=body.asset
        ),
        None,
    )


@router.post("/wallets/{wallet_id}/allocate", auth=MOVE, response={201: AllocationOut}, summary="Move money to a child")
def allocate(request: HttpRequest, wallet_id: UUID, body: AllocateIn, key: IdempotencyKey) -> Any:
    step = _step(request, wallet_id, body.target_id, body)
    return Status(201, movements.allocate(**step, key=key, note=body.note, split=body.split))


@router.post("/wallets/{wallet_id}/allocate/preview", auth=READ, response=PreviewOut, summary="Preview an allocation")
def preview_allocate(request: HttpRequest, wallet_id: UUID, body: AllocatePreviewIn) -> Any:
    step = _step(request, wallet_id, body.target_id, body)
    move = _move(request, body.target_id, "allocate", wallet_id)
    step["amount"] = _amount(body, move)
    preview = movements.preview_allocate(**step, split=body.split)
    return _preview(preview, share_change(move, body.asset, preview.amount) if move else None)


@router.post(
    "/wallets/{wallet_id}/collect",
    auth=MOVE,
    response={201: AllocationOut},
    summary="Move money to the parent",
)
def collect(request: HttpRequest, wallet_id: UUID, body: CollectIn, key: IdempotencyKey) -> Any:
    step = _step(request, wallet_id, _parent(request, wallet_id), body)
    return Status(201, movements.collect(**step, key=key, note=body.note))


@router.post("/wallets/{wallet_id}/collect/preview", auth=READ, response=PreviewOut, summary="Preview a collection")
def preview_collect(request: HttpRequest, wallet_id: UUID, body: CollectPreviewIn) -> Any:
    step = _step(request, wallet_id, _parent(request, wallet_id), body)
    move = _move(request, wallet_id, "collect", wallet_id)
    step["amount"] = _amount(body, move)
    preview = movements.preview_collect(**step)
    return _preview(preview, share_change(move, body.asset, preview.amount) if move else None)


@router.post("/allocations/preview", auth=MOVE, response={201: PlanOut}, summary="Plan a movement of many lines")
def preview_plan(request: HttpRequest, body: PlanIn) -> Any:
    """Nothing moves yet: the answer says line by line what would, before and after, and what stays where it is."""
    owner_id = owner_of(request)
    books = wishes.read_books(owner_id)
    draft = wishes.draft(
        books,
        do=body.do,
        wallet_id=body.wallet_id,
        target_id=body.target_id,
        asset=body.asset,
        amount=body.amount,
        share=body.share,
        up_to=body.to_amount,
        what=body.what,
        below=body.below,
        band=body.band,
    )
    return Status(201, _plan(plans.preview(owner_id=owner_id, draft=draft, books=books, note=body.note)))


@router.get("/allocations/{allocation_id}", auth=READ, response=PlanOut, summary="One of them, with its lines")
def get_plan(request: HttpRequest, allocation_id: UUID) -> Any:
    return _plan(plans.find(owner_id=owner_of(request), allocation_id=allocation_id))


@router.post("/allocations/{allocation_id}/apply", auth=MOVE, response={201: AllocationOut}, summary="Carry a plan out")
def apply_plan(request: HttpRequest, allocation_id: UUID, key: IdempotencyKey) -> Any:
    """All of its lines, or nothing: 409 where it was done before, 422 where the money is no longer there."""
    return Status(201, plans.apply(owner_id=owner_of(request), allocation_id=allocation_id, key=key))


@router.post(
    "/allocations/{allocation_id}/undo",
    auth=MOVE,
    response={201: AllocationOut},
    summary="Take an allocation or a collection back",
)
def undo_allocation(request: HttpRequest, allocation_id: UUID) -> Any:
    """The same money the other way, its split first; 409 when it is no longer there. A second time changes nothing."""
    return Status(201, undoing.undo(owner_id=owner_of(request), allocation_id=allocation_id))


# --- the books ------------------------------------------------------------------------------------------------------


@router.get(
    "/allocations",
    response=Page[AllocationOut],
    summary="What moved between wallets: deposits, allocations, collections, rewards; newest first",
)
def list_allocations(request: HttpRequest, narrow: Query[TransferNarrow], query: Query[PageQuery]) -> Any:
    """An item for each line of an allocation, with its source, target and amount: these and the fills add up to the
    balances. `id` is the allocation's, and `lines` are all of its lines."""
    rows = statements.steps(owner_id=owner_of(request), wallet_id=_own(request, narrow))
    return paginate_numbered(rows, query, number="pk", present=_line)


@router.get("/transfers", response=Page[TransferOut], summary="Ledger transfers, newest first")
def list_transfers(request: HttpRequest, narrow: Query[TransferNarrow], query: Query[PageQuery]) -> Any:
    rows = statements.transfers(owner_id=owner_of(request), wallet_id=_own(request, narrow))
    return paginate(rows, query, present=_transfer)


@router.get("/wallets/{wallet_id}/entries", response=Page[EntryOut], summary="The statement of an account")
def list_entries(request: HttpRequest, wallet_id: UUID, account: Query[StatementQuery], query: Query[PageQuery]) -> Any:
    wallet = places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    which: dict[str, Any] = {
        "owner_id": owner_of(request),
        "wallet_id": wallet_id,
        "asset": account.asset or wallet.base_asset,
        "kind": account.kind,
    }
    if account.asset != wallet.base_asset:
        require_known("asset", account.asset, Account.objects.filter(owner_id=owner_of(request), asset=account.asset))
    days.check(account.since, account.until, names=("from", "to"))
    span = statements.Span(account.since, account.until)
    rows = statements.entries(**which, numbers=statements.numbers_of(span, **which))
    return paginate_numbered(rows, query, number="version", present=_entry)


def _line(line: AllocationLine) -> dict[str, Any]:
    whole = line.allocation
    return {
        "id": whole.pk,
        "created_at": whole.created_at,
        "kind": whole.kind,
        "status": whole.status,
        "source_id": line.source_id,
        "target_id": line.target_id,
        "asset": line.asset,
        "amount": line.amount,
        "note": whole.note,
        "lines": list(whole.lines.all()),
        "posting_id": whole.posting_id,
    }


# --- inside ---------------------------------------------------------------------------------------------------------


def _one(owner_id: UUID, wallet_id: UUID) -> dict[str, Any]:
    return _wallet(tree.wallet_node(owner_id=owner_id, wallet_id=wallet_id), work_of(owner_id))


def _own(request: HttpRequest, narrow: TransferNarrow) -> UUID | None:
    if narrow.wallet_id is not None:
        places.get_wallet(owner_id=owner_of(request), wallet_id=narrow.wallet_id)
    return narrow.wallet_id


def _parent(request: HttpRequest, wallet_id: UUID) -> UUID:
    wallet = places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    if wallet.parent_id is None:
        raise InvalidInputError("A master has nothing above it: collect from a farm or an agent.")
    return wallet.parent_id


def _step(request: HttpRequest, source_id: UUID, target_id: UUID, body: CollectIn | CollectPreviewIn) -> dict[str, Any]:
    return {
        "owner_id": owner_of(request),
        "source_id": source_id,
        "target_id": target_id,
        "asset": body.asset,
        "amount": body.amount,
    }


def _move(request: HttpRequest, wallet_id: UUID, action: str, source_id: UUID) -> Move | None:
    """The movement as the pages see it; None where there is no such step, which the service says better."""
    places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    nodes = tree.wallet_tree(owner_id=owner_of(request))
    move = find_move(nodes, next(node for node in nodes if node.id == wallet_id), action)
    return move if move and move.source and move.source.id == source_id else None


def _amount(body: PartIn, move: Move | None) -> Decimal:
    if body.amount is not None and not body.part:
        return body.amount
    part = read_part(body.part)
    if body.amount is not None or part is None:
        raise InvalidInputError("Give an amount, or a part such as 25 %, all, to target.", fields={"part": "Either."})
    if move is None:
        raise InvalidInputError("There is no such step to take a part of.", fields={"part": "No such step."})
    return amount_of(part, move, body.asset)  # type: ignore[attr-defined]  # every body with a part has an asset


def _wallet(node: WalletNode, work: Mapping[UUID, Work]) -> dict[str, Any]:
    shown = {name: getattr(node, name) for name in WalletOut.model_fields if hasattr(node, name)}
    told = wallet_state(node, work.get(node.id))
    shown |= {"state_words": told.exact, "state_action": told.action}
    return shown | {"holdings": [_holding(holding) for holding in node.holdings]}


def _holding(holding: Holding) -> dict[str, Any]:
    return {name: getattr(holding, name) for name in HoldingOut.model_fields}


def _preview(preview: movements.Preview, share: ShareChange | None) -> dict[str, Any]:
    return {
        "kind": preview.kind.value,
        "asset": preview.asset,
        "amount": preview.amount,
        "source": _side(preview.source) if preview.source else None,
        "target": _side(preview.target),
        "split": [_side(side) for side in preview.split],
        "share": share,
        "warnings": list(preview.warnings),
    }


def _side(side: movements.Side | plans.Side) -> dict[str, Any]:
    figures = ("balance_before", "balance_after", "free_before", "free_after")
    return {"wallet_id": side.wallet.pk} | {name: getattr(side, name) for name in figures}


def _plan(plan: plans.Plan) -> dict[str, Any]:
    row = plan.allocation
    told = {name: getattr(row, name) for name in AllocationOut.model_fields if name != "lines"}
    return told | {
        "lines": [line_shown(line) for line in plan.lines],
        "sides": [_side(side) | {"asset": side.asset, "held": side.held} for side in plan.sides],
        "stays": row.stays,
        "warnings": list(plan.warnings),
        "cost": plan.cost,
    }


def _transfer(row: Transfer) -> dict[str, Any]:
    return {
        "id": row.pk,
        "created_at": row.created_at,
        "kind": row.posting.kind,
        "phase": row.phase,
        "asset": row.asset,
        "amount": row.amount,
        "debit": _account(row.debit),
        "credit": _account(row.credit),
        "pending_id": row.pending_id,
        "posting_id": row.posting_id,
        "detail": row.posting.detail,
    }


def _account(row: Account) -> dict[str, Any]:
    return {"wallet_id": row.wallet_id, "wallet": row.wallet.name, "kind": row.kind}


def _entry(row: Entry) -> dict[str, Any]:
    line = statements.entry_line(row)
    return {name: getattr(line, name) for name in EntryOut.model_fields}
