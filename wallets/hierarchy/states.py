"""What a wallet does now or what it needs: what stops it, then its connection, whoever works with it, its money and its
target.

A wallet knows nothing of farms and agents. They register a reader when they start: what keeps one of them from trading
is told of its wallet in the same words, and who may trade is counted by whoever knows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.urls import reverse

from kit import formatting
from kit.sentences import stored
from kit.statuses import State, Step
from wallets.hierarchy.tree import WalletNode
from wallets.models import Wallet
from wallets.sync import health

OFF_TARGET: Final = Decimal("0.025")


@dataclass(frozen=True, slots=True)
class Work:
    """What is done with a wallet: the state of its farm or agent, and whether nothing keeps it from trading."""

    state: State
    may_trade: bool


Reader = Callable[[UUID], Mapping[UUID, Work]]

_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Ask `reader` too from now on, with an owner's id, for the work in their wallets; registering twice asks once."""
    if reader not in _readers:
        _readers.append(reader)


def work_of(owner_id: UUID) -> dict[UUID, Work]:
    """What is done with each of the owner's wallets that a farm or an agent works with."""
    return {wallet_id: work for reader in _readers for wallet_id, work in reader(owner_id).items()}


def may_trade(node: WalletNode, work: Mapping[UUID, Work]) -> bool:
    """Whether nothing keeps the wallet, or its agent where it has one, from trading."""
    is_open = node.state == Wallet.TradingState.ACTIVE and not node.is_archived
    return is_open and (work[node.id].may_trade if node.id in work else True)


def is_off(node: WalletNode) -> bool:
    """Whether its share is so far from its target that it is worth saying."""
    return node.drift is not None and abs(node.drift) > OFF_TARGET


def wallet_state(node: WalletNode, work: Work | None = None) -> State:
    """The first thing that is wrong with the wallet or with whoever works with it, or how its connection is."""
    if node.is_archived:
        return State("archived", "Archived")
    if node.role in Wallet.IDLE:
        return _idle_state(node)
    resume = _step(node, "Resume", "settings") if node.trading_state == node.state else None
    if node.state == Wallet.TradingState.HALTED:
        return State("halted", "Halted" if resume else "Halted above it", action=resume)
    if node.state == Wallet.TradingState.REDUCING:
        return State("reducing", "Only sells" if resume else "Only sells, by a wallet above it", action=resume)
    connection = health.told(node.freshness, pk=node.connection_id, synced_at=node.synced_at)
    if connection.needs_somebody:
        return connection
    if work is not None and work.state.needs_somebody:
        return work.state
    if node.value == 0:
        step = _step(node, "Allocate", "allocate") if node.parent_id else _step(node, "Deposit", "deposit")
        return State("new", "No money", action=step)
    if node.drift is not None and is_off(node):
        step = _step(node, "Allocate", "allocate") if node.drift < 0 else _step(node, "Collect", "collect")
        return State("off_target", "Off target by {drift}", stored(drift=formatting.drift(node.drift)), action=step)
    return connection


def _idle_state(node: WalletNode) -> State:
    """Nothing is traded from it, so no halt concerns it, and to be empty is no lack."""
    connection = health.told(node.freshness, pk=node.connection_id, synced_at=node.synced_at)
    return State("new", "Empty") if node.value == 0 and not connection.needs_somebody else connection


def _step(node: WalletNode, label: str, tab: str) -> Step:
    return Step(label, f"{reverse('wallets:tree')}?wallet={node.id}&tab={tab}")
