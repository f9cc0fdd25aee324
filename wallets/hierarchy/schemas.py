"""What the wallets' API takes and gives."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import (
    LEFT_OUT,
    Amount,
    Body,
    Day,
    NotNegative,
    PositiveAmount,
    PositiveShare,
    Quotient,
    Share,
    StepOut,
    Words,
)
from wallets.hierarchy.allocations import Line


class HoldingOut(Schema):
    """One asset of a wallet, in units of the asset; price and value in the tree's base asset, null if unknown.

    value = (balance + unrealized_pnl) × price; `unrealized_pnl` is of open derivatives that settle in the asset.
    """

    asset: str
    balance: Amount
    held: Amount
    available: Amount
    unrealized_pnl: Amount
    price: Amount | None
    price_source: str
    price_at: datetime | None
    value: Amount | None


class WalletOut(Schema):
    """A wallet with its figures in `base_asset`; `value` and `held_value` include everything below it.

    `share`, `target` and `drift` are fractions of the master's value, `target_weight` is one of the parent's.
    Values are null where nothing that is held has a price. `state` is the strictest trading state on the path,
    `state_words` what it does or needs, `state_action` the next step, if there is one.
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
    state_words: str
    state_action: StepOut | None
    target_weight: Amount | None
    minimum_balance: Amount
    maximum_balance: Amount | None
    archived_at: datetime | None
    own_value: Amount | None
    free_value: Amount
    value: Amount | None
    held_value: Amount
    share: Quotient | None
    target: Amount | None
    drift: Quotient | None
    unpriced: list[str]
    holdings: list[HoldingOut]


class TreeOut(WalletOut):
    children: list["TreeOut"]


class WalletIn(Body):
    """A master on a connection, or a reserve under the master `parent_id`, whose connection and base asset it shares.

    The wallets of farms and agents are made with them: `POST /farms`, `POST /agents`.
    """

    name: str = Field(min_length=1, max_length=80)
    role: Literal["master", "reserve"] = "master"
    connection_id: UUID | None = None
    parent_id: UUID | None = None
    base_asset: str = Field("USDT", max_length=20)


class WalletChange(Body):
    """Fields that are left out stay as they are; a `target_weight` of null removes the target.

    `minimum_balance` and `maximum_balance` are in the wallet's base asset; a sweep takes what is free above the latter,
    and null removes it.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)] = LEFT_OUT
    target_weight: Share | None = None
    trading_state: Literal["active", "reducing", "halted"] = LEFT_OUT
    minimum_balance: NotNegative = LEFT_OUT
    maximum_balance: NotNegative | None = None


class ProtectionIn(Body):
    protects: bool
    words: str = Field("", max_length=200)


class PlaceIn(Body):
    parent_id: UUID


class DepositIn(Body):
    asset: str = Field("USDT", max_length=20)
    amount: PositiveAmount


class CollectIn(DepositIn):
    """Up from the wallet to its parent."""

    note: str = Field("", max_length=200)


class AllocateIn(CollectIn):
    """Down from the wallet to its child `target_id`; with `split` on to the child's agents by target weight."""

    target_id: UUID
    split: bool = False


class PartIn(Body):
    """Instead of an amount a part: `25 %` of what the source has free, `all` of it, or `to target`.

    The answer has the exact amount, as the pages compute it; move that.
    """

    amount: PositiveAmount | None = None
    part: str = Field("", max_length=20, examples=["25 %", "all", "to target"])


class CollectPreviewIn(PartIn, CollectIn):  # type: ignore[misc]  # the amount may be left out here
    """A collection to be looked at."""


class AllocatePreviewIn(PartIn, AllocateIn):  # type: ignore[misc]  # the amount may be left out here
    """An allocation to be looked at."""


class SideOut(Schema):
    wallet_id: UUID
    balance_before: Amount
    balance_after: Amount
    free_before: Amount
    free_after: Amount


class ShareChangeOut(Schema):
    """A wallet's fraction of its master's value before and after the movement."""

    wallet_id: UUID
    before: Amount = Field(description="The fraction now.")
    after: Amount = Field(description="The fraction that it would be.")
    target: Amount | None


class PreviewOut(Schema):
    """What the movement would do; nothing has changed. `split` are the agents that would get a part of it at once.

    `share` is of the farm or agent that it is about; null for a deposit, and where a price is missing.
    """

    kind: str
    asset: str
    amount: Amount
    source: SideOut | None
    target: SideOut
    split: list[SideOut]
    share: ShareChangeOut | None
    warnings: list[str]


class LineOut(Schema):
    """One step of an allocation; `profit` is the part of it that the source had earned and kept."""

    source_id: UUID | None
    target_id: UUID
    asset: str
    amount: Amount
    profit: Amount


def line_shown(line: Line) -> dict[str, Any]:
    """A line as `LineOut` takes it."""
    source_id = line.source.pk if line.source else None
    told = {"asset": line.asset, "amount": line.amount, "profit": line.profit}
    return {"source_id": source_id, "target_id": line.target.pk} | told


class AllocationOut(Schema):
    """A deposit (no source), an allocation, a collection: its lines were moved together, as one posting.

    `source_id`, `target_id`, `asset` and `amount` say what it is about, where that is one of each; null where its lines
    have several.
    """

    id: UUID
    created_at: datetime
    kind: str
    status: str
    source_id: UUID | None
    target_id: UUID | None
    asset: str
    amount: Amount | None
    note: Words
    lines: list[LineOut]
    posting_id: int | None

    @staticmethod
    def resolve_lines(row: Any) -> Any:
        return row["lines"] if isinstance(row, dict) else row.lines.all()


class PlanIn(Body):
    """What is wished for, from `wallet_id`.

    `allocate` to its child `target_id`: an `amount`, the fraction `share` of what it can give, or as much as brings the
    child and what is below it to `to_amount`. `collect` what is `free`, its `profit` or `everything`, with `below` from
    everything below it too; it goes to the wallet's parent, of a master's tree to the master, or to `target_id`.
    `rebalance` its children that are further from their target than the `band`, a fraction of its value.
    """

    do: Literal["allocate", "collect", "rebalance"]
    wallet_id: UUID
    target_id: UUID | None = None
    asset: str = Field("", max_length=20)
    amount: PositiveAmount | None = None
    share: PositiveShare | None = None
    to_amount: PositiveAmount | None = None
    what: Literal["free", "profit", "everything"] = "free"
    below: bool = False
    band: Share = Decimal("0.025")
    note: str = Field("", max_length=200)


class PlanSideOut(SideOut):
    """What one wallet has of the asset before and after; `held` is in open orders or margin and cannot move."""

    asset: str
    held: Amount


class PlanOut(AllocationOut):
    """A plan; nothing has moved while its status is `previewed`. `stays` says what is left where it is, and why."""

    sides: list[PlanSideOut]
    stays: Words
    warnings: list[str]
    cost: Amount = Field(description="What moving itself costs.")


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
    """Which account of the wallet, by default its own in its base asset; `from` and `to` are days of the owner."""

    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")
    asset: str = Field("", max_length=20)
    kind: Literal["wallet", "external", "clearing", "fees", "suspense", "pnl", "profit", "funding", "costs"] = "wallet"
