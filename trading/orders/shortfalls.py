"""What of a perpetual's margin its wallet could not set aside.

A trade at a worse price than was expected, or funding, can leave a wallet with less than the margin of what it has
open. As much as there is is held, the position says what is missing, its owner is told, and what comes into the wallet
is held for it until nothing is missing.
"""

from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction

from kit import clock, tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.live.publish import publish
from kit.models import joined_again
from kit.sentences import amount
from trading.models import Position
from wallets.ledger import AccountRef, InsufficientFundsError, Leg, post
from wallets.models import Account, PostingKind, Transfer

ZERO = Decimal(0)
WALLET, CLEARING = Account.Kind.WALLET, Account.Kind.CLEARING


def hold_margin(position: Position, hold: Transfer | None) -> None:
    """Let `hold` be what holds the margin of a position, which is not saved here; its owner is told what is missing."""
    before = position.margin_shortfall
    position.hold = hold
    position.margin_shortfall = (position.margin or ZERO) - (ZERO if hold is None else hold.amount)
    if position.margin_shortfall == before:
        return
    if not position.margin_shortfall:
        resolve_alert(owner_id=position.owner_id, key=_key(position))
        return
    asset = position.instrument.settle
    raise_alert(
        owner_id=position.owner_id,
        key=_key(position),
        title="{wallet} lacks margin for {symbol}",
        body="The position needs {margin}, and {missing} of that is not held: its wallet has no more. Allocate as much "
        "to the wallet, or make the position smaller. What comes is held for it within a minute.",
        level=Alert.Level.CRITICAL,
        about=about("position", position.pk),
        wallet=position.wallet.name,
        symbol=position.instrument.symbol,
        margin=amount(position.margin or ZERO, asset),
        missing=amount(position.margin_shortfall, asset),
    )


def accounts_short_of_margin() -> list[tuple[UUID, UUID]]:
    """(owner, connection) of accounts with a position that lacks margin; asked as the system role.

    An account whose history is being built is looked at on that clock alone.
    """
    rows = Position.objects.filter(margin_shortfall__gt=0, wallet__connection__is_rehearsing=clock.is_controlled())
    return list(rows.order_by().values_list("owner_id", "wallet__connection_id").distinct())


def make_up_margins(*, owner_id: UUID, connection_id: UUID) -> int:
    """Hold what is missing of margins, the oldest position's first, as far as their wallets have it free; returns how
    many got some. Safe to repeat, and on several workers at once."""
    with tenancy.tenant(owner_id):
        short = Position.objects.filter(margin_shortfall__gt=0, wallet__connection_id=connection_id)
        made_up = sum(_make_up(pk) for pk in list(short.order_by("opened_at", "pk").values_list("pk", flat=True)))
        if made_up:
            publish(owner_id=owner_id, event="orders", data={"connection": str(connection_id), "margins": made_up})
    return made_up


def _make_up(position_id: UUID) -> bool:
    with transaction.atomic():
        rows = Position.objects.select_for_update(of=("self",), no_key=True).select_related("hold", "instrument")
        position = rows.filter(pk=position_id, margin_shortfall__gt=0).first()
        if position is None:
            return False
        hold = joined_again(position).hold
        own, clearing = (
            AccountRef(position.wallet_id, position.instrument.settle, kind) for kind in (WALLET, CLEARING)
        )
        account = Account.objects.get(wallet_id=own.wallet_id, asset=own.asset, kind=WALLET)
        more = min(position.margin_shortfall, account.available)
        if more <= 0:
            return False
        released = [] if hold is None else [Leg(own, clearing, None, "void", hold.pk)]
        held = more if hold is None else hold.amount + more
        try:
            posting = post(
                owner_id=position.owner_id,
                key=f"margin:{position.pk.hex}:{uuid4().hex}",
                kind=PostingKind.HOLD,
                legs=[*released, Leg(own, clearing, held, "pending")],
                detail={"position": str(position.pk)},
            )
        except InsufficientFundsError:  # somebody else has taken it meanwhile
            return False
        hold_margin(position, Transfer.objects.get(pk=posting.transfer_ids[-1]))
        position.save(update_fields=("hold", "margin_shortfall"))
        return True


def _key(position: Position) -> str:
    return f"margin-shortfall:{position.pk}"
