"""What the API of rules, arrivals and proofs takes and gives."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount, Body, PositiveAmount, Words
from wallets.hierarchy.schemas import LineOut


class RuleIn(Body):
    """`distribute` what comes in to the children by target, keep the minimum balance (`reserve`), or `sweep` up.

    A sweep takes free profit every `hour`, `day` or `week`, or at once what a child has free above its `ceiling`.
    """

    kind: Literal["distribute", "reserve", "sweep"]
    every: Literal["", "ceiling", "hour", "day", "week"] = ""


class RuleChange(Body):
    is_on: bool


class RuleOut(Schema):
    id: UUID
    wallet_id: UUID
    kind: str
    every: str
    is_on: bool
    on_since: datetime
    looked_at: datetime | None


class RuleRunOut(Schema):
    """What the rule did for one reason, or why it did nothing; `allocation_id` is what was moved."""

    id: int
    created_at: datetime
    key: str
    status: str
    reason: Words
    allocation_id: UUID | None


class ReasonOut(Schema):
    """What the rule would do now and why; `done` where it has done it already."""

    key: str
    why: Words
    lines: list[LineOut]
    done: bool


class ProofOut(Schema):
    """What a proof found; `contradiction` is the first one, empty where the books are sound."""

    checked_at: datetime
    entries: int
    contradiction: str


class AssetSumOut(Schema):
    """An asset over all accounts, zero in sound books, and over the wallets alone."""

    asset: str
    total: Amount
    in_wallets: Amount


class AgainstVenueOut(Schema):
    """An asset of a connection at its last look: `drift` = venue_total − books_total − unassigned − suspense."""

    connection_id: UUID = Field(validation_alias="run.connection_id")
    asset: str
    venue_total: Amount
    books_total: Amount
    unassigned: Amount
    suspense: Amount
    drift: Amount
    first_diverging_entry_id: int | None


class CheckOut(Schema):
    """A check of the proof: `said` is what it found, empty where all is as it `says`; `at` is null before the first."""

    check: str
    says: str
    at: datetime | None
    said: str


class FaultOut(Schema):
    """A fault of a drill, and what came of it."""

    fault: str
    seconds: float | None = Field(description="Until everything was ready again; null where it was not in time.")
    orders: int = Field(description="Accepted meanwhile.")
    expired: int = Field(description="Given up with a word, because they could not be sent in time.")
    lost: int
    doubled: int
    slowest: float = Field(description="The longest that a request waited, in seconds.")
    broken: int = Field(description="Requests that were answered with 500.")


class DrillOut(Schema):
    """The last `manage.py drill`; `books` is what the proof said afterwards, empty where they agree."""

    at: datetime
    rows: list[FaultOut]
    books: str


class SimulationOut(Schema):
    """The last `manage.py simulate`: random order flows against an exchange that fails."""

    at: datetime
    first: int = Field(description="The seed of the first flow; each has the next number.")
    seeds: int = Field(description="How many flows were played.")
    cut: int = Field(description="Pieces of work whose worker or database connection was lost in the middle.")
    kills: int = Field(description="Worker processes that were killed, each at another step.")
    violations: int = Field(description="Flows and kills that left something that must not be.")
    examples: list[str] = Field(description="The first of these, in words.")


class ProofPageOut(Schema):
    """What is proved of the books, and what the last drill and simulation of this installation found, if any."""

    last: ProofOut | None
    checks: list[CheckOut]
    sums: list[AssetSumOut]
    venues: list[AgainstVenueOut]
    drill: DrillOut | None
    simulation: SimulationOut | None


class AssignIn(Body):
    """Whose it is: one of the connection's wallets, by default its oldest master."""

    wallet_id: UUID | None = None


class ClaimIn(Body):
    """Into which of the connection's wallets, and how much: by default all that is unassigned of the asset."""

    wallet_id: UUID
    amount: PositiveAmount | None = None


class ArrivalsIn(Body):
    """Which wallets take in deposits and bear withdrawals by themselves; null asks its owner each time."""

    deposits_to: UUID | None = None
    withdrawals_from: UUID | None = None


class ArrivalsOut(Schema):
    """`is_told` where the venue's history of them is asked for: elsewhere the owner is always asked."""

    deposits_to: UUID | None
    withdrawals_from: UUID | None
    is_told: bool


class DerivativesIn(Body):
    """One of the connection's wallets; null: nobody claims them."""

    wallet_id: UUID | None


class DerivativesOut(Schema):
    wallet_id: UUID | None


class VenueMovementOut(Schema):
    """A deposit or a withdrawal (with its fee) that the venue told of; `wallet_id` is null while it waits."""

    id: int
    kind: str
    venue_id: str
    asset: str
    amount: Amount
    at: datetime
    status: str
    wallet_id: UUID | None
    posting_id: int | None


class VenueIncomeOut(Schema):
    """What a derivative brought (`realized` before its `fee`, `funding`) by the venue's account of it.

    `waiting` was not booked yet, `known` is in the books by another way: the opening, or its owner's word.
    """

    id: int
    venue_id: str
    symbol: str
    asset: str
    realized: Amount
    funding: Amount
    fee: Amount
    at: datetime
    status: Literal["waiting", "booked", "known"]
    wallet_id: UUID | None
    posting_id: int | None


class AssignedOut(Schema):
    posting_id: int
