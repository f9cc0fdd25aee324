"""What the API of platforms and connections takes and gives. Credentials go in and never come out."""

from datetime import datetime
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kit.api import Amount, Body, PositiveAmount, PositiveShare, StepOut, Words
from markets.prices import SIMULATED


class CredentialFieldOut(Schema):
    """One thing that a platform asks for; `pattern` is a regular expression for the whole of it, empty for any."""

    name: str
    label: str
    help: str
    secret: bool
    required: bool
    pattern: str


class PlatformOut(Schema):
    """A kind of venue. `fees` are fractions of the notional, `credential_fields` what `POST /connections` asks for."""

    slug: str
    name: str
    kind: str
    is_paper: bool
    is_sandbox: bool
    capabilities: list[str]
    fees: dict[str, str]
    credential_fields: list[CredentialFieldOut]


class AssetOut(Schema):
    """One asset of one sync, in units of the asset; `drift` = venue_total − books_total − unassigned − suspense."""

    asset: str
    venue_total: Amount
    books_total: Amount
    unassigned: Amount
    suspense: Amount
    drift: Amount
    first_diverging_entry_id: int | None


class SyncOut(Schema):
    """A look at the venue. `progress` is in percent; `seen_at` is when venue and books last said the same again, to
    the last digit: such a look is none of its own in the list."""

    id: UUID
    connection_id: UUID
    status: str
    progress: int
    step: str
    error: Words
    created_at: datetime
    finished_at: datetime | None
    seen_at: datetime | None


class SyncResultOut(SyncOut):
    assets: list[AssetOut]


class ConnectionOut(Schema):
    """An account at a platform.

    `state` is what its owner wants: active, paused or archived; `status` how fresh its figures are: the state unless it
    is active, else new, ok, stale or failed. `unexplained` maps assets to what the venue holds beyond the wallets.
    A real account is watched, which syncs it and sends no order, until its owner makes it live. `permissions` are what
    the venue says its key may do (read, trade, withdraw), null where it does not tell. While it is not active, the
    stops and targets of `unwatched_positions` are not carried out. After `failures` syncs that failed in a row it is
    asked again at `next_try_at`, null for the next round. `state_words` say all of it in words, `state_action` is the
    next step, if there is one. `stream` is `open` while the venue tells by itself what happens in the account, `broken`
    or `refused` when it should, and empty where it does not or nobody listens; `heard` says it in words, and how often
    the venue is asked. `keys_since` is when the oldest of its credentials was entered, null without any;
    `keys_are_old` when they should be replaced.
    """

    id: UUID
    name: str
    platform: str
    venue: str
    is_paper: bool
    is_sandbox: bool
    live_at: datetime | None
    is_watching: bool
    permissions: list[str] | None
    state: str
    status: str
    state_words: str
    state_action: StepOut | None
    detail: str
    synced_at: datetime | None
    stream: str
    heard: Words
    keys_since: datetime | None
    keys_are_old: bool
    failures: int
    next_try_at: datetime | None
    unwatched_positions: int
    unexplained: dict[str, Amount]
    last_sync: SyncOut | None


class FirstLimitsIn(Body):
    """What the account may do from its first minute; `notional_asset` is by default the owner's base currency."""

    allowed_symbols: list[str] | None = Field(None, max_length=1000, examples=[["BTC/USDT"]])
    maximum_notional: PositiveAmount | None = None
    notional_asset: str = Field("", max_length=20)
    maximum_daily_loss: PositiveShare | None = None


class FirstLimitsOut(Schema):
    """Careful limits for the account; null says nothing."""

    allowed_symbols: list[str] | None
    maximum_notional: Amount | None
    notional_asset: str
    maximum_daily_loss: Amount | None


class NewConnection(Body):
    """An account to connect. `credentials` by the names of the platform's `credential_fields`.

    The paper exchange takes `venue` instead: whose prices it trades at. With `accept_withdrawals` a key that may
    withdraw is taken too. Without `limits` nothing can be bought before they are set.
    """

    platform: str
    name: str = Field(min_length=1, max_length=80)
    venue: str = SIMULATED
    credentials: dict[str, str] = Field(default_factory=dict, max_length=20)
    accept_withdrawals: bool = False
    limits: FirstLimitsIn | None = Field(None, description="A token needs the scope `limits` for it too.")


class KeyIn(Body):
    """Another key of the same account, by the names of the platform's `credential_fields`."""

    credentials: dict[str, str] = Field(max_length=20)
    accept_withdrawals: bool = False


class KeyOut(Schema):
    """What the venue says of a key. `is_told` is false where it does not tell what a key may do."""

    can_trade: bool
    can_withdraw: bool
    is_told: bool
    detail: str


class ConnectionChange(Body):
    """The name that it is to have."""

    name: str = Field(min_length=1, max_length=80)


class StateIn(Body):
    """`active`, `paused` or `archived`."""

    state: str


class VenuePositionOut(Schema):
    """A position in a derivative as the venue told it `at` the last sync that could read it.

    `quantity` counts contracts of `contract_size` of the base asset, of the quote asset where `is_inverse`. Prices are
    in the quote asset, `unrealized_pnl` and `value` in `settle`; null is what the venue does not tell.
    """

    symbol: str
    side: str
    quantity: Amount
    contract_size: Amount
    entry_price: Amount
    mark_price: Amount | None
    unrealized_pnl: Amount
    value: Amount
    settle: str
    leverage: Amount | None
    margin_mode: str
    liquidation_price: Amount | None
    is_inverse: bool
    at: datetime
