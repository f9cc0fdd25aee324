"""Plans: what would have to move so that a wish comes true, as the lines of an allocation.

Four wishes: a child gets an amount, a part of what is free, or as much as brings it to an amount; a wallet or all below
it gives up what is free, what it has earned, or everything; children come back to their targets. A plan only reads;
`plans` keeps it, applies it and tells what it would change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal, localcontext
from itertools import pairwise
from typing import Final
from uuid import UUID

from kit import formatting
from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.sentences import Sentence, amount, sentence, told_by
from wallets.hierarchy import earnings
from wallets.hierarchy.allocations import ZERO, Line, checked_amount
from wallets.hierarchy.consequences import consequences
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.routes import family_of, require_open, route
from wallets.hierarchy.tree import wallet_tree
from wallets.models import Account, FundAllocation, Wallet

FREE: Final = "free"
PROFIT: Final = "profit"
EVERYTHING: Final = "everything"
WHAT: Final = (FREE, PROFIT, EVERYTHING)
# A child this far from its target, of the whole, is left where it is.
BAND: Final = Decimal("0.025")


@dataclass(frozen=True, slots=True)
class Draft:
    """Lines in their order, and in words what stays behind and why."""

    kind: FundAllocation.Kind
    told: tuple[Line, ...]
    lines: tuple[Line, ...]
    stays: tuple[Sentence, ...] = ()

    def require_something(self) -> "Draft":
        """Itself; InvalidInputError where there is nothing to move."""
        if not self.lines:
            why = " ".join(one.exact for one in self.stays)
            raise InvalidInputError(f"There is nothing to move. {why}".strip())
        return self


@dataclass
class Books:
    """What the owner's wallets hold now, by wallet and asset. Lines can be tried: `free` is what then would be free."""

    family: Mapping[UUID, Wallet]
    balance: dict[tuple[UUID, str], Decimal] = field(default_factory=dict)
    held: dict[tuple[UUID, str], Decimal] = field(default_factory=dict)

    def wallet(self, wallet_id: UUID) -> Wallet:
        if wallet_id not in self.family:
            raise NotFoundError("There is no such wallet.")
        return self.family[wallet_id]

    def free(self, wallet: Wallet, asset: str) -> Decimal:
        place = (wallet.pk, asset)
        return self.balance.get(place, ZERO) - self.held.get(place, ZERO)

    def usable(self, wallet: Wallet, asset: str) -> Decimal:
        """Free and above the wallet's minimum balance."""
        kept = wallet.minimum_balance if asset == wallet.base_asset else ZERO
        return max(self.free(wallet, asset) - kept, ZERO)

    def assets(self, wallet: Wallet) -> list[str]:
        held = [asset for (pk, asset), value in self.balance.items() if pk == wallet.pk and value > 0]
        return sorted(held, key=lambda asset: (asset != wallet.base_asset, asset))

    def below(self, wallet: Wallet) -> list[Wallet]:
        """Everything below the wallet that is there, deepest first; reserves keep what they have."""
        found = [
            one
            for one in self.family.values()
            if one.archived_at is None and one.role not in Wallet.IDLE and wallet.pk in _path(one)[1:]
        ]
        return sorted(found, key=lambda one: -len(_path(one)))

    def children(self, wallet: Wallet) -> list[Wallet]:
        return [one for one in self.family.values() if one.parent_id == wallet.pk and one.archived_at is None]

    def apply(self, lines: Iterable[Line]) -> None:
        """As if the lines had been done."""
        for line in lines:
            if line.source is not None:
                place = (line.source.pk, line.asset)
                self.balance[place] = self.balance.get(place, ZERO) - line.amount
            place = (line.target.pk, line.asset)
            self.balance[place] = self.balance.get(place, ZERO) + line.amount


def read_books(owner_id: UUID) -> Books:
    """The books of now: two queries."""
    books = Books(family_of(owner_id))
    for account in Account.objects.filter(wallet__in=books.family, kind=Account.Kind.WALLET):
        place = (account.wallet_id, account.asset)
        books.balance[place], books.held[place] = account.balance, account.held
    return books


def draft(
    books: Books,
    *,
    do: str,
    wallet_id: UUID,
    target_id: UUID | None = None,
    asset: str = "",
    amount: Decimal | None = None,
    share: Decimal | None = None,
    up_to: Decimal | None = None,
    what: str = FREE,
    below: bool = False,
    band: Decimal = BAND,
) -> Draft:
    """The plan of a wish as pages and programs say it; see `allocate`, `collect` and `rebalance`."""
    if do == FundAllocation.Kind.ALLOCATE:
        if target_id is None:
            raise InvalidInputError("Say which child gets it.", fields={"target_id": "Needed here."})
        return allocate(
            books, source_id=wallet_id, target_id=target_id, asset=asset, amount=amount, share=share, up_to=up_to
        )
    if do == FundAllocation.Kind.REBALANCE:
        return rebalance(books, wallet_id=wallet_id, band=band)
    return collect(books, source_id=wallet_id, what=what, below=below, target_id=target_id)


# --- down -----------------------------------------------------------------------------------------------------------


def allocate(
    books: Books,
    *,
    source_id: UUID,
    target_id: UUID,
    asset: str = "",
    amount: Decimal | None = None,
    share: Decimal | None = None,
    up_to: Decimal | None = None,
) -> Draft:
    """To a child `amount`, the fraction `share` of what its parent can give, or what brings it `up_to` an amount.

    That amount counts what the child and everything below it hold of the asset. Raises InvalidInputError where not
    exactly one of the three is given, the child is none, or it has that much already.
    """
    source, target = books.wallet(source_id), books.wallet(target_id)
    asset = asset or source.base_asset
    if target.parent_id != source.pk:
        raise InvalidInputError(
            f"{source.name} is not the parent of {target.name}: allocate one step down at a time.",
            fields={"target_id": "Must be a child of the source."},
        )
    _require_way(source, target)
    given = [name for name, value in (("amount", amount), ("share", share), ("to_amount", up_to)) if value is not None]
    if len(given) != 1:
        raise InvalidInputError("Give an amount, a share of what is free, or an amount to come to: one of them.")
    if share is not None:
        if not 0 < share <= 1:
            raise InvalidInputError("A share is above 0 and up to 100 %.", fields={"share": "Above 0, up to 1."})
        amount = _down(books.usable(source, asset) * share, asset)
    if up_to is not None:
        amount = _missing(books, target, asset, checked_amount(asset, up_to, field="to_amount"))
    if not amount:
        return Draft(FundAllocation.Kind.ALLOCATE, (), (), (_nothing_free(source, asset),))
    line = Line(source, target, asset, checked_amount(asset, amount))
    return Draft(FundAllocation.Kind.ALLOCATE, (line,), (line,))


def _missing(books: Books, target: Wallet, asset: str, up_to: Decimal) -> Decimal:
    there = sum((books.balance.get((one.pk, asset), ZERO) for one in (target, *books.below(target))), ZERO)
    if there >= up_to:
        told = f"{target.name} has that much already: collect what is too much."
        raise InvalidInputError(told, fields={"to_amount": told})
    return up_to - there


# --- up -------------------------------------------------------------------------------------------------------------


def collect(
    books: Books,
    *,
    source_id: UUID,
    what: str,
    below: bool = False,
    target_id: UUID | None = None,
    is_inner: bool = False,
) -> Draft:
    """What is free, what was earned or everything, of the wallet or (`below`) of it and all below it.

    It goes to the wallet's parent, of a master's tree to the master, or to `target_id`. What is in open orders, below a
    minimum balance or part of an open position stays and is said. `is_inner` leaves the
    wallet itself out. Raises InvalidInputError for a target that would give to itself.
    """
    if what not in WHAT:
        raise InvalidInputError(f"Choose one of {', '.join(WHAT)}.", fields={"what": "Not one of these."})
    source = books.wallet(source_id)
    target = books.wallet(target_id) if target_id else source.parent or source
    sources = [*books.below(source), source] if below else [source]
    if is_inner or (source.parent is None and target_id is None):
        sources = [one for one in sources if one.pk != source.pk]
    if target.pk in {one.pk for one in sources}:
        told = f"{target.name} would give to itself: choose a wallet outside of what is collected from."
        raise InvalidInputError(told, fields={"target_id": told})
    kept = earnings.kept(owner_id=source.owner_id, wallet_ids=[one.pk for one in sources])
    told_lines: list[Line] = []
    lines: list[Line] = []
    stays: list[Sentence] = []
    for one in sources:
        try:
            way = _way(one, target)
        except MoniqoError as error:
            if books.assets(one):
                stays.append(sentence("{wallet}: {why}", wallet=one.name, why=told_by(error)))
            continue
        dues, why = _dues(books, one, what, kept[one.pk])
        stays += why
        for asset, due in dues:
            profit = min(due, kept[one.pk] or ZERO) if asset == one.base_asset else ZERO
            move = Line(one, target, asset, due, profit)
            told_lines.append(move)
            lines += _along(move, way)
    return Draft(FundAllocation.Kind.COLLECT, tuple(told_lines), tuple(lines), tuple(stays))


def sweep(books: Books, wallet: Wallet) -> Draft:
    """The free profit of everything below the wallet, up to it."""
    return collect(books, source_id=wallet.pk, what=PROFIT, below=True, target_id=wallet.pk, is_inner=True)


def _dues(
    books: Books, wallet: Wallet, what: str, kept: Decimal | None
) -> tuple[list[tuple[str, Decimal]], list[Sentence]]:
    """What is to be taken of the wallet by asset, and what of it stays and why."""
    base, stays = wallet.base_asset, list[Sentence]()
    due = books.usable(wallet, base)
    if what == PROFIT:
        if kept is None:
            told = "{wallet}: what it earned is in an asset without a price."
            return [], [sentence(told, wallet=wallet.name)]
        wanted, due = _down(kept, base), min(due, _down(kept, base))
        if wanted > due:
            stays.append(_said("{wallet}: {amount} of its profit is not free.", wallet, wanted - due, base))
    held = books.held.get((wallet.pk, base), ZERO)
    if held > 0 and what != PROFIT:
        stays.append(_said("{wallet}: {amount} is in open orders or margin.", wallet, held, base))
    minimum = min(wallet.minimum_balance, books.free(wallet, base))
    if minimum > 0 and what != PROFIT:
        stays.append(_said("{wallet}: {amount} is its minimum balance.", wallet, minimum, base))
    dues = [(base, due)] if due > 0 else []
    if what == EVERYTHING:
        for asset in books.assets(wallet):
            free = books.free(wallet, asset)
            if asset == base or free <= 0:
                continue
            if consequences(wallet=wallet, asset=asset, change=-free):
                stays.append(_said("{wallet}: {amount} is in an open position: close it first.", wallet, free, asset))
            else:
                dues.append((asset, free))
    return dues, stays


# --- back to the targets --------------------------------------------------------------------------------------------


def rebalance(books: Books, *, wallet_id: UUID, band: Decimal = BAND) -> Draft:
    """Brings the wallet's children with a target back to it, those that are further from it than the band.

    What is too much in one comes up, as far as it is free there, and goes down again to those that lack it; where it
    does not suffice, each gets its part of it. Raises InvalidInputError for a band that is none, where no child has a
    target, and where a price is missing.
    """
    wallet = books.wallet(wallet_id)
    if not band.is_finite() or not 0 <= band < 1:
        raise InvalidInputError("A band is from 0 to below 100 %.", fields={"band": "From 0 to below 1."})
    base = wallet.base_asset
    values = {node.id: node.value for node in wallet_tree(owner_id=wallet.owner_id)}
    children = [one for one in books.children(wallet) if one.target_weight is not None]
    if not children:
        raise InvalidInputError(f"Nothing under {wallet.name} has a target: set one in its settings.")
    whole = values[wallet.pk]
    if whole is None or any(values[one.pk] is None for one in children):
        raise InvalidInputError(f"How far {wallet.name} is from its targets is not known: a price is missing.")
    up: list[Line] = []
    wanted: list[tuple[Wallet, Decimal]] = []
    stays: list[Sentence] = []
    for one in children:
        with localcontext(prec=formatting.PRECISION):
            gap = (one.target_weight or ZERO) * whole - (values[one.pk] or ZERO)
            is_off = whole > 0 and abs(gap) / whole > band
        if not is_off:
            continue
        try:
            _require_way(one, wallet)
        except MoniqoError as error:
            stays.append(sentence("{wallet}: {why}", wallet=one.name, why=told_by(error)))
            continue
        if gap > 0:
            wanted.append((one, _down(gap, base)))
            continue
        due = min(_down(-gap, base), _down(books.usable(one, base), base))
        if due > 0:
            up.append(Line(one, wallet, base, due))
        if due < _down(-gap, base):
            missing = _down(-gap, base) - due
            stays.append(_said("{wallet}: {amount} too much is not free in it.", one, missing, base))
    books.apply(up)
    down = _shared_out(books, wallet, wanted, stays)
    kept = earnings.kept(owner_id=wallet.owner_id, wallet_ids=[line.source.pk for line in up if line.source])
    up = [replace(one, profit=min(one.amount, (kept[one.source.pk] if one.source else ZERO) or ZERO)) for one in up]
    lines = (*up, *down)
    return Draft(FundAllocation.Kind.REBALANCE, lines, lines, tuple(stays))


def _shared_out(
    books: Books, wallet: Wallet, wanted: Sequence[tuple[Wallet, Decimal]], stays: list[Sentence]
) -> list[Line]:
    base, there = wallet.base_asset, books.usable(wallet, wallet.base_asset)
    whole = sum((due for _, due in wanted), ZERO)
    lines = []
    for one, due in wanted:
        with localcontext(prec=formatting.PRECISION):
            part = due if whole <= there else _down(due * there / whole, base)
        if part > 0:
            lines.append(Line(wallet, one, base, part))
        if part < due:
            stays.append(_said("{wallet}: {amount} of what it lacks is not free above it.", one, due - part, base))
    return lines


# --- inside ---------------------------------------------------------------------------------------------------------


def _require_way(source: Wallet, target: Wallet) -> None:
    for wallet in _way(source, target):
        require_open(wallet)


def _way(source: Wallet, target: Wallet) -> tuple[Wallet, ...]:
    way = route(source, target)
    for wallet in way:
        require_open(wallet)
    return way


def _along(move: Line, way: Sequence[Wallet]) -> list[Line]:
    return [Line(one, other, move.asset, move.amount, move.profit) for one, other in pairwise(way)]


def _path(wallet: Wallet) -> list[UUID]:
    path: list[UUID] = []
    at: Wallet | None = wallet
    while at is not None:
        path.append(at.pk)
        at = at.parent
    return path


def _down(value: Decimal, asset: str) -> Decimal:
    with localcontext(prec=formatting.PRECISION):
        return value.quantize(smallest_unit(asset), ROUND_DOWN)


def _nothing_free(wallet: Wallet, asset: str) -> Sentence:
    return sentence(f"{{wallet}} has no free {asset} to move.", wallet=wallet.name)


def _said(template: str, wallet: Wallet, value: Decimal, asset: str) -> Sentence:
    return sentence(template, wallet=wallet.name, amount=amount(value, asset))
