"""What a wallet does now or what it needs: what stops it, then its connection, its money and its target."""

from decimal import Decimal
from typing import Final

from django.urls import reverse

from kit import formatting
from kit.sentences import stored
from kit.statuses import State, Step
from wallets.hierarchy.tree import WalletNode
from wallets.models import Wallet
from wallets.sync import health

OFF_TARGET: Final = Decimal("0.025")


def is_off(node: WalletNode) -> bool:
    """Whether its share is so far from its target that it is worth saying."""
    return node.drift is not None and abs(node.drift) > OFF_TARGET


def wallet_state(node: WalletNode) -> State:
    """The first thing that is wrong with the wallet, or how its connection is."""
    if node.role == Wallet.Role.RESERVE:
        return _reserve_state(node)
    resume = _step(node, "Resume", "settings") if node.trading_state == node.state else None
    if node.state == Wallet.TradingState.HALTED:
        return State("halted", "Halted" if resume else "Halted above it", action=resume)
    if node.state == Wallet.TradingState.REDUCING:
        return State("reducing", "Only sells" if resume else "Only sells, by a wallet above it", action=resume)
    connection = health.told(node.freshness, pk=node.connection_id, synced_at=node.synced_at)
    if connection.needs_somebody:
        return connection
    if node.value == 0:
        step = _step(node, "Allocate", "allocate") if node.parent_id else _step(node, "Deposit", "deposit")
        return State("new", "No money", action=step)
    if node.drift is not None and is_off(node):
        step = _step(node, "Allocate", "allocate") if node.drift < 0 else _step(node, "Collect", "collect")
        return State("off_target", "Off target by {drift}", stored(drift=formatting.drift(node.drift)), action=step)
    return connection


def _reserve_state(node: WalletNode) -> State:
    """Nothing is traded from it, so no halt concerns it, and to be empty is no lack."""
    connection = health.told(node.freshness, pk=node.connection_id, synced_at=node.synced_at)
    return State("new", "Empty") if node.value == 0 and not connection.needs_somebody else connection


def _step(node: WalletNode, label: str, tab: str) -> Step:
    return Step(label, f"{reverse('wallets:tree')}?wallet={node.id}&tab={tab}")
