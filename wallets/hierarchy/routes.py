"""Money that goes over several links of the tree in one posting: agent → farm → master → reserve is three legs.

People move money one link at a time (`movements`); what goals collect and give on comes from many wallets and goes up
and down at once, all or nothing. The wallets on the way only pass it on. Every leg is funding: what a wallet gets or
gives is no profit of it and no loss.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from kit.errors import ConflictError, InvalidInputError, NotFoundError
from kit.limits import MAX_AMOUNT
from markets.assets import require_named
from wallets.hierarchy import archiving
from wallets.hierarchy.allocations import ZERO, Line, carry_out, require_present
from wallets.hierarchy.movements import smallest_unit
from wallets.models import Connection, Posting, PostingKind, Purpose, Wallet
from wallets.models.kinds import PURPOSES

FUNDING: Final = frozenset(kind for kind, purpose in PURPOSES.items() if purpose == Purpose.FUNDING)


@dataclass(frozen=True, slots=True)
class Move:
    """`amount` of `asset` from `source` to `target`, wherever the two stand in one tree; `profit` of it was earned."""

    source: Wallet
    target: Wallet
    asset: str
    amount: Decimal
    profit: Decimal = ZERO


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
    family = family_of(owner_id)
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
        said = {**(detail or {}), "ways": [[str(way[0].pk), str(way[-1].pk)] for way in ways]}
        done, is_new = carry_out(
            owner_id=owner_id,
            key=key,
            kind=kind,
            lines=[line for move, way in zip(moves, ways, strict=True) for line in along(move, way)],
            told=[Line(way[0], way[-1], move.asset, move.amount) for move, way in zip(moves, ways, strict=True)],
            note=said.pop("note", ""),
            detail=said,
        )
    posting = done.posting
    assert posting is not None  # noqa: S101 - what was carried out has one
    posting.is_replay = not is_new
    return posting


def along(move: Move, way: Sequence[Wallet]) -> Iterator[Line]:
    """A line for each link of the way; profit stays profit on it."""
    for one, other in pairwise(way):
        yield Line(one, other, move.asset, move.amount, min(move.profit, move.amount))


def family_of(owner_id: UUID) -> dict[UUID, Wallet]:
    """All wallets of the owner with their parents and connections, in one query."""
    family = {wallet.pk: wallet for wallet in Wallet.objects.filter(owner_id=owner_id).select_related("connection")}
    for wallet in family.values():
        wallet.parent = family[wallet.parent_id] if wallet.parent_id else None
    return family


def _ways(owner_id: UUID, moves: Iterable[Move]) -> list[tuple[Wallet, ...]]:
    family = family_of(owner_id)
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
