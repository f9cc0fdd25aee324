"""What keeps a rule from moving money now, in words: it is put off until nothing of it is left.

A stop that is under way, a goal that closes positions, a wallet that is halted or only reduces, at the rule's wallet,
above it or, for the first two, anywhere below; and data that are not of now: balances that no venue has confirmed for a
while, prices that nobody says any more, values and days that are not written yet. Over history there is nothing to wait
for: what is known of a day is known by its close.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Max

from kit import clock, days
from kit.sentences import Sentence, calendar_day, moment, sentence
from portfolio.allocation.filters import called
from portfolio.corrections import zone_of
from portfolio.models import DailyPerformance, PortfolioState
from portfolio.valuation import PRICE_IS_OLD_AFTER
from trading.models import EmergencyStop
from wallets.hierarchy.holds import CLOSING
from wallets.hierarchy.tree import WalletNode, wallet_tree
from wallets.models import Connection, Wallet
from wallets.sync.health import STALE_AFTER_INTERVALS

# What estimates nothing does not ask for days.
EQUAL: Final = "equal"


def put_off(*, wallet: Wallet, method: str) -> list[Sentence]:
    """Everything that keeps the wallet's children from being weighed now; nothing where nothing does."""
    tree = {node.id: node for node in wallet_tree(owner_id=wallet.owner_id)}
    above, below = _above(tree, wallet.pk), _below(tree, wallet.pk)
    family = [wallet.pk, *above, *below]
    if wallet.archived_at is not None:
        return [sentence("{wallet} is archived.", wallet=wallet.name)]
    connection = wallet.connection
    if connection.state != Connection.State.ACTIVE:
        return [sentence(f"{{connection}} is {connection.state}.", connection=connection.name)]
    if connection.belongs_to_the_past:
        return [sentence("The history of {connection} is being built.", connection=connection.name)]
    path = [tree[pk] for pk in (wallet.pk, *above)]
    found = [
        *_stopped(wallet.owner_id, tree, family),
        *_held(path),
        *_closing(wallet.owner_id, family),
    ]
    return (
        found if clock.is_controlled() else [*found, *_stale(wallet, method, [tree[pk] for pk in (wallet.pk, *below)])]
    )


def resting(*, owner_id: UUID, wallet_id: UUID) -> dict[UUID, str]:
    """The wallet's children that are left as they are because they, or something below them, may not trade freely."""
    tree = {node.id: node for node in wallet_tree(owner_id=owner_id)}
    found: dict[UUID, str] = {}
    for node in tree.values():
        if node.state == Wallet.TradingState.ACTIVE or node.is_archived or node.role in Wallet.IDLE:
            continue
        child = node
        while child.parent_id is not None and child.parent_id != wallet_id:
            child = tree[child.parent_id]
        if child.parent_id == wallet_id:
            found.setdefault(child.id, f"left as it is: {node.name} is {called(node.state)}")
    return found


def _above(tree: dict[UUID, WalletNode], wallet_id: UUID) -> list[UUID]:
    found, place = [], tree[wallet_id].parent_id
    while place is not None:
        found.append(place)
        place = tree[place].parent_id
    return found


def _below(tree: dict[UUID, WalletNode], wallet_id: UUID) -> list[UUID]:
    """What is there below the wallet."""
    found, parents = [], {wallet_id}
    while parents:
        parents = {node.id for node in tree.values() if node.parent_id in parents and not node.is_archived}
        found += sorted(parents)
    return found


def _stopped(owner_id: UUID, tree: dict[UUID, WalletNode], family: Sequence[UUID]) -> list[Sentence]:
    stops = EmergencyStop.objects.filter(
        owner_id=owner_id, wallet__in=family, status=EmergencyStop.Status.RUNNING
    ).order_by("created_at")
    return [sentence("An emergency stop of {wallet} is under way.", wallet=tree[one.wallet_id].name) for one in stops]


def _held(path: Sequence[WalletNode]) -> list[Sentence]:
    """Of the wallet and those above it, whichever keeps it from trading freely."""
    return [
        sentence(f"{{wallet}} is {called(node.trading_state)}.", wallet=node.name)
        for node in path
        if node.trading_state != Wallet.TradingState.ACTIVE
    ]


def _closing(owner_id: UUID, family: Sequence[UUID]) -> list[Sentence]:
    held = Wallet.objects.filter(owner_id=owner_id, pk__in=family).exclude(holds={}).order_by("created_at")
    words = {
        words: sentence("{wallet} is kept for {whom}, which has ended and is being carried out.", wallet=wallet.name,
                        whom=words)
        for wallet in held
        for holder, (_, words) in wallet.holds.items()
        if holder.startswith(CLOSING)
    }  # fmt: skip
    return list(words.values())


# --- data that are not of now ---------------------------------------------------------------------------------------


def _stale(wallet: Wallet, method: str, nodes: Sequence[WalletNode]) -> list[Sentence]:
    now = clock.now()
    return [
        *_stale_balances(nodes),
        *_stale_prices(nodes, now),
        *_stale_values(wallet.owner_id, now),
        *(_stale_days(wallet, now) if method != EQUAL else []),
    ]


def _stale_balances(nodes: Sequence[WalletNode]) -> list[Sentence]:
    behind = {node.connection_name: node for node in nodes if node.freshness.is_behind}
    return [
        sentence("The balances at {connection} are from {at}.", connection=name, at=moment(node.synced_at))
        if node.synced_at
        else sentence("The balances at {connection} were never confirmed.", connection=name)
        for name, node in sorted(behind.items())
    ]


def _stale_prices(nodes: Sequence[WalletNode], now: datetime) -> list[Sentence]:
    oldest = now - PRICE_IS_OLD_AFTER
    found: dict[str, Sentence] = {}
    for node in nodes:
        for one in node.holdings:
            if not one.balance or one.asset == node.base_asset:
                continue
            if one.price is None:
                found[one.asset] = sentence("{asset} has no price.", asset=one.asset)
            elif one.price_at is None or one.is_carried or one.price_at < oldest:
                at = "" if one.price_at is None else moment(one.price_at)
                told = "The price of {asset} is from {at}." if at else "The price of {asset} is old."
                found[one.asset] = sentence(told, asset=one.asset, **({"at": at} if at else {}))
    return [found[asset] for asset in sorted(found)]


def _stale_values(owner_id: UUID, now: datetime) -> list[Sentence]:
    allowed = timedelta(seconds=settings.SYNC_SECONDS * STALE_AFTER_INTERVALS)
    valued_at = PortfolioState.objects.filter(owner_id=owner_id).values_list("valued_at", flat=True).first()
    if valued_at is None:
        return [Sentence("No value was written down yet.")]
    if now - valued_at > allowed or clock.is_ahead(valued_at):
        return [sentence("The last values are from {at}.", at=moment(valued_at))]
    return []


def _stale_days(wallet: Wallet, now: datetime) -> list[Sentence]:
    """The days that returns are read of have to be there up to yesterday, once there are any."""
    children = Wallet.objects.filter(parent=wallet, archived_at=None).exclude(role__in=Wallet.IDLE)
    newest = DailyPerformance.objects.filter(scope__in=children.values("pk")).aggregate(newest=Max("day"))["newest"]
    yesterday = days.day_of(now, zone_of(wallet.owner_id)) - timedelta(days=1)
    if newest is None or newest >= yesterday:
        return []
    return [sentence("Days are closed up to {day} only.", day=calendar_day(newest))]
