"""Wallets and the movements of money between them, for programs. The same services as the pages."""

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
from wallets.hierarchy.parts import Move, amount_of, find_move, read_part, share_change
from wallets.hierarchy.schemas import (
    AllocateIn,
    AllocatePreviewIn,
    AllocationOut,
    CollectIn,
    CollectPreviewIn,
    DepositIn,
    EntryOut,
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
)
from wallets.hierarchy.shown import (
    allocation_line_shown,
    entry_shown,
    plan_shown,
    preview_shown,
    transfer_shown,
    wallet_shown,
)
from wallets.hierarchy.states import work_of
from wallets.ledger import statements
from wallets.models import Account, Wallet
from wallets.venues.accounts import get_connection

router = Router()


# --- wallets --------------------------------------------------------------------------------------------------------


@router.get("/wallets", response=list[WalletOut] | Page[WalletOut], summary="All wallets with their figures")
def list_wallets(request: HttpRequest, query: Query[WholeOrPage]) -> Any:
    """Depth first as a plain list; in pages, newest first, when `limit` or `cursor` asks for one."""
    work, nodes = work_of(owner_of(request)), tree.wallet_tree(owner_id=owner_of(request))
    if (page := query.page) is None:
        return [wallet_shown(node, work) for node in nodes]
    by_id = {node.id: node for node in nodes}
    return paginate(Wallet.objects.filter(pk__in=by_id), page, present=lambda row: wallet_shown(by_id[row.pk], work))


@router.get("/wallets/tree", response=list[TreeOut], summary="All wallets, nested")
def get_tree(request: HttpRequest) -> Any:
    work, nodes = work_of(owner_of(request)), tree.wallet_tree(owner_id=owner_of(request))
    below: dict[UUID | None, list[dict[str, Any]]] = {}
    for node in reversed(nodes):
        children = below.pop(node.id, [])
        below.setdefault(node.parent_id, []).insert(0, wallet_shown(node, work) | {"children": children})
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
    return preview_shown(
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
    return preview_shown(preview, share_change(move, body.asset, preview.amount) if move else None)


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
    return preview_shown(preview, share_change(move, body.asset, preview.amount) if move else None)


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
    return Status(201, plan_shown(plans.preview(owner_id=owner_id, draft=draft, books=books, note=body.note)))


@router.get("/allocations/{allocation_id}", auth=READ, response=PlanOut, summary="One of them, with its lines")
def get_plan(request: HttpRequest, allocation_id: UUID) -> Any:
    return plan_shown(plans.find(owner_id=owner_of(request), allocation_id=allocation_id))


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
    return paginate_numbered(rows, query, number="pk", present=allocation_line_shown)


@router.get("/transfers", response=Page[TransferOut], summary="Ledger transfers, newest first")
def list_transfers(request: HttpRequest, narrow: Query[TransferNarrow], query: Query[PageQuery]) -> Any:
    rows = statements.transfers(owner_id=owner_of(request), wallet_id=_own(request, narrow))
    return paginate(rows, query, present=transfer_shown)


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
    return paginate_numbered(rows, query, number="version", present=entry_shown)


# --- inside ---------------------------------------------------------------------------------------------------------


def _one(owner_id: UUID, wallet_id: UUID) -> dict[str, Any]:
    return wallet_shown(tree.wallet_node(owner_id=owner_id, wallet_id=wallet_id), work_of(owner_id))


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
