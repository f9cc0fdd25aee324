"""How much to move, said as a part: a share of what is free, all of it, or what the target asks for.

A part is a word that a form can carry where the amount itself must not be shown. It is turned into an amount here, on
the server, from the same figures that the page shows.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Final
from uuid import UUID

from kit import decimals, formatting
from kit.errors import InvalidInputError
from kit.forms import read_as_written
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.tree import Holding, WalletNode

HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class Part:
    """`fraction` of the source's free balance, or (None) as much as brings the wallet to its target."""

    label: str
    fraction: Decimal | None


QUARTER: Final = Part("25 %", Decimal("0.25"))
HALF: Final = Part("50 %", Decimal("0.5"))
ALL: Final = Part("All", Decimal(1))
TO_TARGET: Final = Part("To target", None)
WORDS: Final = {"all": ALL, "target": TO_TARGET, "totarget": TO_TARGET}


@dataclass(frozen=True, slots=True)
class Move:
    """Money from `source` (None: from outside) to `target`, seen from `wallet`, which is one of the two."""

    wallet: WalletNode
    source: WalletNode | None
    target: WalletNode
    whole: WalletNode

    @property
    def goes_in(self) -> bool:
        return self.wallet.id == self.target.id

    @property
    def action(self) -> str:
        return "deposit" if self.source is None else "allocate" if self.goes_in else "collect"


def find_move(nodes: tuple[WalletNode, ...], node: WalletNode, action: str) -> Move | None:
    """The movement that an action is for the wallet; None where there is none, as for a deposit to a farm."""
    by_id = {other.id: other for other in nodes}
    whole, parent = by_id[node.root_id], by_id.get(node.parent_id) if node.parent_id else None
    if parent is None:
        return Move(node, None, node, whole) if action == "deposit" else None
    if action == "allocate":
        return Move(node, parent, node, whole)
    return Move(node, node, parent, whole) if action == "collect" else None


@dataclass(frozen=True, slots=True)
class ShareChange:
    """A wallet's fraction of the whole before and after, and what it should be."""

    wallet_id: UUID
    before: Decimal
    after: Decimal
    target: Decimal | None


def read_part(text: str) -> Part | None:
    """The part that a person or a link wrote: `25 %`, `all`, `to target`; None for anything else."""
    word = "".join(text.split()).casefold()
    if word in WORDS:
        return WORDS[word]
    if not word.endswith("%"):
        return None
    try:
        percent = read_as_written(word[:-1])
    except ValueError:
        return None
    if not 0 < percent <= HUNDRED:
        return None
    return ALL if percent == HUNDRED else Part(f"{decimals.plain(percent)} %", percent / HUNDRED)


def amount_of(part: Part, move: Move, asset: str) -> Decimal:
    """The amount that the part is now. Raises InvalidInputError, with a sentence, where that is nothing."""
    if move.source is None:
        raise _refused("Enter an amount: what comes from outside has no parts.")
    free = move.source.free(asset)
    if part.fraction is None:
        return _to_target(move, asset, free)
    if free <= 0:
        raise _nothing_free(move.source, asset)
    return free if part.fraction == 1 else _cut(free * part.fraction, asset)


def share_change(move: Move, asset: str, amount: Decimal) -> ShareChange | None:
    """What the movement does to the wallet's share of the whole; None where a price is missing."""
    node, whole, price = move.wallet, move.whole, price_of(move, asset)
    if move.source is None or node.share is None or node.value is None or not whole.value or price is None:
        return None
    with localcontext(prec=formatting.PRECISION):
        moved = amount * price * (1 if move.goes_in else -1)
        return ShareChange(node.id, node.share, (node.value + moved) / whole.value, node.target)


def price_of(move: Move, asset: str) -> Decimal | None:
    """What one of the asset costs in the base asset, as the tree knows it."""
    if asset == move.wallet.base_asset:
        return Decimal(1)
    held: tuple[Holding, ...] = (*(move.source.holdings if move.source else ()), *move.target.holdings)
    return next((holding.price for holding in held if holding.asset == asset), None)


def _to_target(move: Move, asset: str, free: Decimal) -> Decimal:
    node, whole, price, source = move.wallet, move.whole, price_of(move, asset), move.source
    if node.target is None:
        raise _refused(f"{node.name} has no target: set one in its settings.")
    if node.value is None or whole.value is None or not price:
        raise _refused(f"What brings {node.name} to its target is not known: a price is missing.")
    with localcontext(prec=formatting.PRECISION):
        lacks = (node.target * whole.value - node.value) * (1 if move.goes_in else -1) / price
    wanted = f"its target of {formatting.percent(node.target)}"
    if abs(lacks) < smallest_unit(asset):
        raise _refused(f"{node.name} is at {wanted}: there is nothing to do.")
    if lacks < 0:
        where, other = ("above", "allocate") if move.goes_in else ("below", "collect")
        raise _refused(f"{node.name} is {where} {wanted}: there is nothing to {other}.")
    if free <= 0 and source is not None:
        raise _nothing_free(source, asset)
    return _cut(min(lacks, free), asset)


def _cut(amount: Decimal, asset: str) -> Decimal:
    """Rounded down to what is shown."""
    unit = smallest_unit(asset)
    with localcontext(prec=formatting.PRECISION):
        shown = amount.quantize(unit, ROUND_DOWN)
    if not shown:
        raise _refused(f"That is less than {unit:f} {asset}: enter the amount itself.")
    return shown


def _nothing_free(source: WalletNode, asset: str) -> InvalidInputError:
    return _refused(f"{source.name} has no free {asset} to move.")


def _refused(sentence: str) -> InvalidInputError:
    return InvalidInputError(sentence, fields={"amount": sentence})
