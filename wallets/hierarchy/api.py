"""Wallets and the movements of money between them, for programs. The same services as the pages."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from kit.api import Amount, Body, IdempotencyKey, Page, PageQuery, PositiveAmount, Share, paginate, paginate_numbered
from kit.errors import InvalidInputError
from kit.http import owner_of
from kit.users.access import MOVE, READ
from wallets.hierarchy import movements, places, tree
from wallets.hierarchy.tree import Holding, WalletNode
from wallets.ledger import statements
from wallets.models import Account, Entry, FundAllocation, Transfer
from wallets.venues.accounts import get_connection

router = Router()


class HoldingOut(Schema):
    """One asset of a wallet, in units of the asset; price and value in the tree's base asset, null if unknown."""

    asset: str
    balance: Amount
    held: Amount
    available: Amount
    price: Amount | None
    price_source: str
    price_at: datetime | None
    value: Amount | None


class WalletOut(Schema):
    """A wallet with its figures in `base_asset`; `value`, `held_value` and `change_24h` include everything below it.

    `share`, `target` and `drift` are fractions of the master's value, `target_weight` is one of the parent's.
    Values are null where nothing that is held has a price. `state` is the strictest trading state on the path.
    """

    id: UUID
    name: str
    role: str
    parent_id: UUID | None
    depth: int
    connection_id: UUID
    base_asset: str
    trading_state: str
    state: str
    target_weight: Amount | None
    own_value: Amount | None
    free_value: Amount
    value: Amount | None
    held_value: Amount
    change_24h: Amount | None
    share: Amount | None
    target: Amount | None
    drift: Amount | None
    unpriced: list[str]
    holdings: list[HoldingOut]


class TreeOut(WalletOut):
    children: list["TreeOut"]


class WalletIn(Body):
    """A master names a connection; a farm or an agent names its parent and uses the parent's connection."""

    name: str = Field(min_length=1, max_length=80)
    role: Literal["master", "farm", "agent"]
    parent_id: UUID | None = None
    connection_id: UUID | None = None
    base_asset: str = Field("USDT", max_length=20)
    target_weight: Share | None = None


class WalletChange(Body):
    """Fields that are left out stay as they are; a `target_weight` of null removes the target."""

    name: str = Field("", max_length=80)
    target_weight: Share | None = None
    trading_state: Literal["", "active", "reducing", "halted"] = ""


class DepositIn(Body):
    asset: str = Field("USDT", max_length=20)
    amount: PositiveAmount


class AllocateIn(DepositIn):
    """Down from the wallet to its child `target_id`."""

    target_id: UUID
    note: str = Field("", max_length=200)


class CollectIn(DepositIn):
    """Up from the wallet to its parent."""

    note: str = Field("", max_length=200)


class SideOut(Schema):
    wallet_id: UUID
    balance_before: Amount
    balance_after: Amount
    free_before: Amount
    free_after: Amount


class PreviewOut(Schema):
    """What the movement would do; nothing has changed."""

    kind: str
    asset: str
    amount: Amount
    source: SideOut | None
    target: SideOut
    warnings: list[str]


class AllocationOut(Schema):
    """A deposit (no source), an allocation or a collection that was done."""

    id: UUID
    created_at: datetime
    kind: str
    source_id: UUID | None
    target_id: UUID | None
    asset: str
    amount: Amount
    note: str


class AccountOut(Schema):
    wallet_id: UUID
    wallet: str
    kind: str


class TransferOut(Schema):
    """One amount between two accounts. `pending` reserves, `settle` and `void` resolve the transfer `pending_id`."""

    id: int
    created_at: datetime
    kind: str
    phase: str
    asset: str
    amount: Amount
    debit: AccountOut
    credit: AccountOut
    pending_id: int | None
    posting_id: int
    detail: dict[str, Any]


class EntryOut(Schema):
    """A line of an account's statement; `version` counts its lines from 1."""

    id: int
    version: int
    at: datetime
    kind: str
    amount: Amount
    balance_after: Amount
    other: str
    transfer_id: int
    posting_id: int
    detail: dict[str, Any]


class TransferNarrow(Schema):
    """404 for a wallet that you do not have."""

    wallet_id: UUID | None = None


class StatementQuery(Schema):
    """Which account of the wallet; by default the wallet's own in its base asset."""

    asset: str = Field("", max_length=20)
    kind: Literal["wallet", "external", "clearing", "fees", "suspense", "pnl"] = "wallet"


# --- wallets --------------------------------------------------------------------------------------------------------


@router.get("/wallets", response=list[WalletOut], summary="All wallets, depth first, with their figures")
def list_wallets(request: HttpRequest) -> Any:
    return [_wallet(node) for node in tree.wallet_tree(owner_id=owner_of(request))]


@router.get("/wallets/tree", response=list[TreeOut], summary="The same, nested")
def get_tree(request: HttpRequest) -> Any:
    nodes = tree.wallet_tree(owner_id=owner_of(request))
    below: dict[UUID | None, list[dict[str, Any]]] = {}
    for node in reversed(nodes):
        children = below.pop(node.id, [])
        below.setdefault(node.parent_id, []).insert(0, _wallet(node) | {"children": children})
    return below.get(None, [])


@router.post("/wallets", response={201: WalletOut}, summary="Make a wallet")
def create_wallet(request: HttpRequest, body: WalletIn) -> Any:
    owner_id = owner_of(request)
    made = places.create_wallet(
        owner_id=owner_id,
        name=body.name,
        role=body.role,
        parent=places.get_wallet(owner_id=owner_id, wallet_id=body.parent_id) if body.parent_id else None,
        connection=(
            get_connection(owner_id=owner_id, connection_id=body.connection_id) if body.connection_id else None
        ),
        base_asset=body.base_asset,
        target_weight=body.target_weight,
    )
    return Status(201, _one(owner_id, made.pk))


@router.get("/wallets/{wallet_id}", response=WalletOut, summary="One wallet")
def get_wallet(request: HttpRequest, wallet_id: UUID) -> Any:
    return _one(owner_of(request), wallet_id)


@router.patch("/wallets/{wallet_id}", response=WalletOut, summary="Change name, target or trading state")
def change_wallet(request: HttpRequest, wallet_id: UUID, body: WalletChange) -> Any:
    owner_id = owner_of(request)
    wallet = places.get_wallet(owner_id=owner_id, wallet_id=wallet_id)
    places.update_wallet(
        owner_id=owner_id,
        wallet_id=wallet_id,
        name=body.name or wallet.name,
        target_weight=body.target_weight if "target_weight" in body.model_fields_set else wallet.target_weight,
        trading_state=body.trading_state or wallet.trading_state,
    )
    return _one(owner_id, wallet_id)


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
        movements.preview_deposit(owner_id=owner_of(request), wallet_id=wallet_id, amount=body.amount, asset=body.asset)
    )


@router.post("/wallets/{wallet_id}/allocate", auth=MOVE, response={201: AllocationOut}, summary="Move money to a child")
def allocate(request: HttpRequest, wallet_id: UUID, body: AllocateIn, key: IdempotencyKey) -> Any:
    step = _step(request, wallet_id, body.target_id, body)
    return Status(201, movements.allocate(**step, key=key, note=body.note))


@router.post("/wallets/{wallet_id}/allocate/preview", auth=READ, response=PreviewOut, summary="Preview an allocation")
def preview_allocate(request: HttpRequest, wallet_id: UUID, body: AllocateIn) -> Any:
    return _preview(movements.preview_allocate(**_step(request, wallet_id, body.target_id, body)))


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
def preview_collect(request: HttpRequest, wallet_id: UUID, body: CollectIn) -> Any:
    return _preview(movements.preview_collect(**_step(request, wallet_id, _parent(request, wallet_id), body)))


# --- the books ------------------------------------------------------------------------------------------------------


@router.get("/allocations", response=Page[AllocationOut], summary="Deposits, allocations and collections, newest first")
def list_allocations(request: HttpRequest, narrow: Query[TransferNarrow], query: Query[PageQuery]) -> Any:
    rows = statements.allocations(owner_id=owner_of(request), wallet_id=_own(request, narrow))
    return paginate(rows, query, present=_allocation)


@router.get("/transfers", response=Page[TransferOut], summary="Ledger transfers, newest first")
def list_transfers(request: HttpRequest, narrow: Query[TransferNarrow], query: Query[PageQuery]) -> Any:
    rows = statements.transfers(owner_id=owner_of(request), wallet_id=_own(request, narrow))
    return paginate(rows, query, present=_transfer)


@router.get("/wallets/{wallet_id}/entries", response=Page[EntryOut], summary="The statement of an account")
def list_entries(request: HttpRequest, wallet_id: UUID, account: Query[StatementQuery], query: Query[PageQuery]) -> Any:
    wallet = places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    rows = statements.entries(
        owner_id=owner_of(request), wallet_id=wallet_id, asset=account.asset or wallet.base_asset, kind=account.kind
    )
    return paginate_numbered(rows, query, number="version", present=_entry)


# --- inside ---------------------------------------------------------------------------------------------------------


def _one(owner_id: UUID, wallet_id: UUID) -> dict[str, Any]:
    return _wallet(tree.wallet_node(owner_id=owner_id, wallet_id=wallet_id))


def _own(request: HttpRequest, narrow: TransferNarrow) -> UUID | None:
    if narrow.wallet_id is not None:
        places.get_wallet(owner_id=owner_of(request), wallet_id=narrow.wallet_id)
    return narrow.wallet_id


def _parent(request: HttpRequest, wallet_id: UUID) -> UUID:
    wallet = places.get_wallet(owner_id=owner_of(request), wallet_id=wallet_id)
    if wallet.parent_id is None:
        raise InvalidInputError("A master has nothing above it: collect from a farm or an agent.")
    return wallet.parent_id


def _step(request: HttpRequest, source_id: UUID, target_id: UUID, body: DepositIn) -> dict[str, Any]:
    return {
        "owner_id": owner_of(request),
        "source_id": source_id,
        "target_id": target_id,
        "asset": body.asset,
        "amount": Decimal(body.amount),
    }


def _wallet(node: WalletNode) -> dict[str, Any]:
    shown = {name: getattr(node, name) for name in WalletOut.model_fields if hasattr(node, name)}
    return shown | {"change_24h": node.change, "holdings": [_holding(holding) for holding in node.holdings]}


def _holding(holding: Holding) -> dict[str, Any]:
    return {name: getattr(holding, name) for name in HoldingOut.model_fields}


def _preview(preview: movements.Preview) -> dict[str, Any]:
    return {
        "kind": preview.kind.value,
        "asset": preview.asset,
        "amount": preview.amount,
        "source": _side(preview.source) if preview.source else None,
        "target": _side(preview.target),
        "warnings": list(preview.warnings),
    }


def _side(side: movements.Side) -> dict[str, Any]:
    figures = ("balance_before", "balance_after", "free_before", "free_after")
    return {"wallet_id": side.wallet.pk} | {name: getattr(side, name) for name in figures}


def _allocation(row: FundAllocation) -> dict[str, Any]:
    return {name: getattr(row, name) for name in AllocationOut.model_fields}


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
