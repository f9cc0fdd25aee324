"""Money that goes over several links of the tree in one posting: agent → farm → master → reserve is three legs.

People move money one link at a time (`movements`); what goals collect and give on comes from many wallets and goes up
and down at once, all or nothing. The wallets on the way only pass it on. Every leg is funding: what a wallet gets or
gives is no profit of it and no loss.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from kit.audit import services as audit
from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.limits import MAX_AMOUNT
from kit.live.publish import publish
from markets.assets import require_named
from wallets.hierarchy import archiving
from wallets.hierarchy.movements import require_present, smallest_unit
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, FundAllocation, Posting, PostingKind, Purpose, Wallet
from wallets.models.kinds import PURPOSES

FUNDING: Final = frozenset(kind for kind, purpose in PURPOSES.items() if purpose == Purpose.FUNDING)


@dataclass(frozen=True, slots=True)
class Move:
    """`amount` of `asset` from `source` to `target`, wherever the two stand in one tree."""

    source: Wallet
    target: Wallet
    asset: str
    amount: Decimal


def route(source: Wallet, target: Wallet) -> tuple[Wallet, ...]:
    """The wallets on the way, both ends included: up to the lowest wallet above both, then down, by direct links only.

    Raises InvalidInputError where there is no way: one wallet, two masters, or two connections.
    """
    if source.pk == target.pk:
        raise InvalidInputError(f"{source.name} has it already: choose another wallet to move it to.")
    up, down = _path(source), _path(target)
    above = {wallet.pk: place for place, wallet in enumerate(down)}
    turn = next((place for place, wallet in enumerate(up) if wallet.pk in above), None)
    if turn is None:
        raise InvalidInputError(f"{source.name} and {target.name} stand under different masters: no way leads there.")
    way = (*up[: turn + 1], *reversed(down[: above[up[turn].pk]]))
    if len({wallet.connection_id for wallet in way}) > 1:
        raise InvalidInputError(
            f"Between {source.name} and {target.name} are accounts at different connections: move it at the venues."
        )
    return way


def check(*, owner_id: UUID, moves: Sequence[Move]) -> list[tuple[Wallet, ...]]:
    """The way of each move. Raises what `move_along` would raise, but for money that is not there."""
    if not moves:
        raise InvalidInputError("There is nothing to move.")
    family = _family(owner_id)
    ways = [_way(family, move) for move in moves]
    archiving.require_open((wallet.name, wallet.archived_at is not None) for way in ways for wallet in way)
    for connection in {wallet.connection_id: wallet for way in ways for wallet in way}.values():
        require_open(connection)
    for move in moves:
        _check_amount(move)
    return ways


def move_along(
    *,
    owner_id: UUID,
    key: str,
    kind: PostingKind,
    moves: Sequence[Move],
    detail: Mapping[str, Any] | None = None,
) -> Posting:
    """Do all moves in their order as one posting with a leg per link, all or none; the same `key` does it once.

    `key` is the caller's own and has to begin with what nobody else's does; `detail` says what it was for, and `note`
    in it is shown. What an earlier move brings, a later one may take on. `is_replay` of the posting says that it was
    done before. Raises InvalidInputError, ConflictError for a connection that is not active, NotFoundError for somebody
    else's wallet, InsufficientFundsError, and IdempotencyConflictError for a key that was used for something else.
    """
    if kind not in FUNDING:
        raise ValueError(f"{kind} does not move money between wallets of one owner")
    with transaction.atomic():
        # What was done stays done, whatever has become of its connection since.
        is_done = Posting.objects.filter(owner_id=owner_id, key=key).exists()
        ways = _ways(owner_id, moves) if is_done else check(owner_id=owner_id, moves=moves)
        legs = [
            Leg(AccountRef(one.pk, move.asset), AccountRef(other.pk, move.asset), move.amount)
            for move, way in zip(moves, ways, strict=True)
            for one, other in pairwise(way)
        ]
        said = {**(detail or {}), "ways": [[str(way[0].pk), str(way[-1].pk)] for way in ways]}
        posting = post(owner_id=owner_id, key=key, kind=kind, legs=legs, detail=said)
        if not posting.is_replay:
            archiving.hold_open({wallet.pk for way in ways for wallet in way})
            _write_down(posting, moves, ways)
            _tell(posting, moves, ways)
    return posting


def _write_down(posting: Posting, moves: Sequence[Move], ways: Iterable[tuple[Wallet, ...]]) -> None:
    """An allocation for each leg, as of what people move: who adds them up and the fills has the balances."""
    FundAllocation.objects.bulk_create(
        FundAllocation(
            owner_id=posting.owner_id,
            kind=posting.kind,
            source=one,
            target=other,
            asset=move.asset,
            amount=move.amount,
            note=posting.detail.get("note", ""),
            posting=posting,
            created_at=posting.created_at,
        )
        for move, way in zip(moves, ways, strict=True)
        for one, other in pairwise(way)
    )


def _tell(posting: Posting, moves: Sequence[Move], ways: Iterable[tuple[Wallet, ...]]) -> None:
    """A line in the log for each move, and word to whoever shows one of the wallets."""
    note = posting.detail.get("note", "")
    for move, way in zip(moves, ways, strict=True):
        audit.record(
            audit.Area.MONEY,
            PostingKind(posting.kind).label,
            owner_id=posting.owner_id,
            subject=f"{way[0].name} → {way[-1].name}",
            after={"amount": move.amount, "asset": move.asset, "note": note},
        )
    for target_id in {way[-1].pk for way in ways}:
        publish(owner_id=posting.owner_id, event="wallets", data={"wallet": str(target_id), "change": posting.kind})


def _family(owner_id: UUID) -> dict[UUID, Wallet]:
    """All wallets of the owner with their parents and connections, in one query."""
    family = {wallet.pk: wallet for wallet in Wallet.objects.filter(owner_id=owner_id).select_related("connection")}
    for wallet in family.values():
        wallet.parent = family[wallet.parent_id] if wallet.parent_id else None
    return family


def _ways(owner_id: UUID, moves: Iterable[Move]) -> list[tuple[Wallet, ...]]:
    family = _family(owner_id)
    return [_way(family, move) for move in moves]


def _way(family: Mapping[UUID, Wallet], move: Move) -> tuple[Wallet, ...]:
    if move.source.pk not in family or move.target.pk not in family:
        raise NotFoundError("There is no such wallet.")
    return route(family[move.source.pk], family[move.target.pk])


def _path(wallet: Wallet) -> list[Wallet]:
    """The wallet and all above it."""
    path = [wallet]
    while path[-1].parent is not None:
        path.append(path[-1].parent)
    return path


def require_open(wallet: Wallet) -> None:
    """Raises ConflictError where the wallet's connection is paused, or its history is being built."""
    require_present(wallet)
    if wallet.connection.state != Connection.State.ACTIVE:
        raise ConflictError(
            f"{wallet.connection.name} is {wallet.connection.get_state_display().lower()}: make it active first."
        )


def _check_amount(move: Move) -> None:
    require_named(move.asset)
    if not move.amount.is_finite() or not 0 < move.amount < MAX_AMOUNT:
        raise InvalidInputError(f"An amount to move is above zero and below {MAX_AMOUNT:,}.")
    unit = smallest_unit(move.asset)
    if move.amount % unit:
        raise InvalidInputError(f"{move.amount} {move.asset} is finer than {unit:f}: round it down.")
