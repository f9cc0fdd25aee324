"""What each farm and each agent contributed to a profit: parts in the base currency that sum to it exactly.

Each wallet's profit over the period is its own, with everything below it; one that was moved is a part of each wallet
that it stood under, with what it made there. What a wallet has besides those below it is a part of its own: the profit
of the whole less theirs. A wallet that is valued in another asset is counted at the rate of the period's end, and what
the change of rates made of it is the last part; so is the last of 18 digits, where values are rounded by themselves.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from django.db import connection

from kit import clock, formatting
from portfolio.selectors.accounts import CONNECTION, FUND, Account, Accounts, Node
from portfolio.selectors.combined import summed
from portfolio.selectors.edges import ZERO, Edges, read_edges
from portfolio.selectors.scope import Scope
from portfolio.selectors.stays import Made, Spell, made_in, spells_of

DIGITS: Final = Decimal("1e-18")  # as many as the books keep
MOST_ROWS: Final = 50

_RATES: Final = """
SELECT asked.base, found.price
FROM unnest(%(bases)s::text[], %(venues)s::text[]) AS asked (base, venue)
CROSS JOIN LATERAL market_prices(asked.venue, %(into)s, ARRAY[asked.base], %(at)s, %(live)s) AS found
"""


class By(StrEnum):
    """How fine the parts are; the value stands in addresses and in the API."""

    FARM = "farm"
    AGENT = "agent"


class Kind(StrEnum):
    """What a part is of."""

    WALLET = "wallet"
    OWN = "own"
    REST = "rest"
    OTHERS = "others"


@dataclass(frozen=True, slots=True)
class Part:
    """`profit` is in the base of the whole; the others, in `base`, are the wallet's own.

    `share` is its part of the profit of the whole, which it may exceed, or be against; None where that is zero.
    """

    kind: Kind
    name: str
    profit: Decimal
    wallet_id: UUID | None = None
    role: str = ""
    place: str = ""
    base: str = ""
    opening: Decimal | None = None
    flows: Decimal | None = None
    closing: Decimal | None = None
    twr: float | None = None
    share: Decimal | None = None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A wallet at a place: of one that was moved what it made there, and above whom; all that it made where it stood in
    no other place in the period."""

    node: Node
    above: Node | None = None
    made: Made | None = None


class Contribution:
    """Of an account from `start` until `until`, or until now, by farms or agents.

    Three queries, one more where wallets are valued in different assets and one where some were moved; one less for
    `edges` that are known already.
    """

    def __init__(
        self,
        accounts: Accounts,
        account: Account,
        *,
        start: datetime,
        until: datetime | None,
        by: By = By.FARM,
        behind: Collection[UUID] | None = None,
        edges: Mapping[UUID, Edges] | None = None,
    ) -> None:
        self.accounts = accounts
        self.account = account
        self.by = by
        self.start = start
        self.until = until
        self._moment = clock.now()
        self._behind = behind
        self._edges = edges

    @classmethod
    def of(cls, scope: Scope, *, by: By = By.FARM) -> "Contribution":
        """Of a scope over its period."""
        accounts = Accounts(owner_id=scope.owner_id, currency=scope.currency)
        account = accounts.find(str(scope.scope))
        behind = [one.pk for one in scope.behind]
        return cls(accounts, account, start=scope.start, until=scope.period.until, by=by, behind=behind)

    @cached_property
    def edges(self) -> Mapping[UUID, Edges]:
        if self._edges is not None:
            return self._edges
        return read_edges(
            owner_id=self.accounts.owner_id, currency=self.accounts.currency, start=self.start, at=self._moment,
            until=self.until, behind=self._behind,
        )  # fmt: skip

    @property
    def base(self) -> str:
        return self.account.base

    @cached_property
    def total(self) -> Decimal | None:
        """What the parts sum to; None where that is not known now."""
        return summed(self.account, self.edges).profit

    @cached_property
    def parts(self) -> Sequence[Part]:
        """The largest gain first, what the rates made last; none where something cannot be valued now."""
        if self.total is None or not self._is_known:
            return ()
        found = sorted(self._parts(self.total), key=lambda part: (part.kind is Kind.REST, -part.profit, part.name))
        return [replace(part, share=part.profit / self.total if self.total else None) for part in found]

    @property
    def why_empty(self) -> str:
        if self.total is None or not self._is_known:
            return "What was earned is not known now: something that is held has no price."
        return "Nothing was held in the period."

    @property
    def _is_known(self) -> bool:
        return all(self._profits[one.node.pk] is not None for one in self._placed)

    @cached_property
    def _placed(self) -> Sequence["_Placed"]:
        """The wallets of the account that had a value, as fine as is asked for."""
        return list(self._walk(self._tops))

    @property
    def _tops(self) -> Iterable["_Placed"]:
        """A wallet's parts are those right below it; a connection's are the wallets that it is the sum of."""
        if self.account.kind == CONNECTION:
            return [_Placed(self.accounts.nodes[pk]) for pk in self.account.adds]
        return self._below.get(None if self.account.kind == FUND else self.account.adds[0], [])

    @cached_property
    def _spells(self) -> Mapping[UUID, Sequence[Spell]]:
        parents = {node.pk: node.parent_id for node in self.accounts.nodes.values()}
        return spells_of(owner_id=self.accounts.owner_id, parents=parents, start=self.start, until=self.until)

    @cached_property
    def _below(self) -> Mapping[UUID | None, Sequence["_Placed"]]:
        """Who stood right below each wallet in the period; of None those that stood under none."""
        found: dict[UUID | None, list[_Placed]] = defaultdict(list)
        made = made_in(self._spells, self.edges, start=self.start)
        for node in self.accounts.nodes.values():
            if node.pk not in self._spells:
                found[node.parent_id].append(_Placed(node))
                continue
            for under in dict.fromkeys(one.under for one in self._spells[node.pk]):
                above = self.accounts.nodes.get(under) if under else None
                found[under].append(_Placed(node, above, made.get((node.pk, under))))
        return found

    def _walk(self, placed: Iterable["_Placed"]) -> Iterable["_Placed"]:
        for one in placed:
            if one.node.pk in self.edges and one.node.pk not in self.account.takes:
                yield one
                if self._is_open(one):
                    yield from self._walk(self._below.get(one.node.pk, []))

    def _is_open(self, one: "_Placed") -> bool:
        """Whether those below it are parts of their own; one that was moved in the period is a part as a whole."""
        return one.made is None and (self.by is By.AGENT or one.node.parent_id is None)

    def _parts(self, total: Decimal) -> Iterable[Part]:
        counted = ZERO
        for one in self._placed:
            below = [child for child in self._below.get(one.node.pk, []) if child.node.pk in self.edges]
            has_taken = all(child.node.pk in self.account.takes for child in below)
            part = self._part(one, below if self._is_open(one) and not has_taken else ())
            if part is not None:
                counted += part.profit
                yield part
        if left := total - counted:
            yield self._rest(left)

    def _rest(self, left: Decimal) -> Part:
        if self.account.kind not in {FUND, CONNECTION}:
            return self._own(self.accounts.nodes[self.account.adds[0]], left)
        is_of_rates = any(one.node.base != self.base for one in self._placed)
        return Part(Kind.REST, "Change of rates" if is_of_rates else "Rounding", left)

    def _part(self, one: "_Placed", below: Sequence["_Placed"]) -> Part | None:
        node, profit = one.node, self._profit(one)
        if below:
            own = profit - sum((self._profit(child) for child in below), ZERO)
            return self._own(node, own) if own else None
        told = one.made or self.edges[node.pk]
        if not profit and not told.opening and not told.closing and not told.flows:
            return None
        above = one.above or (self.accounts.nodes.get(node.parent_id) if node.parent_id else None)
        return Part(
            Kind.WALLET, node.name, profit, node.pk, node.role, above.name if above else node.connection, node.base,
            told.opening, told.flows, told.closing, told.twr,
        )  # fmt: skip

    def _profit(self, one: "_Placed") -> Decimal:
        """In the base of the whole, at the place where it stood."""
        whole = self._profits[one.node.pk] or ZERO
        return whole if one.made is None else self._converted(one.node, one.made.profit) or ZERO

    def _own(self, node: Node, profit: Decimal) -> Part:
        return Part(Kind.OWN, f"{node.name}, its own", profit, node.pk, node.role, base=node.base)

    @cached_property
    def _profits(self) -> Mapping[UUID, Decimal | None]:
        """Of each wallet in the base of the whole, at the rate of the end; None where it cannot be valued."""
        found: dict[UUID, Decimal | None] = {}
        for pk, node in self.accounts.nodes.items():
            profit = self.edges[pk].profit if pk in self.edges else ZERO
            found[pk] = profit and self._converted(node, profit)
        return found

    def _converted(self, node: Node, profit: Decimal) -> Decimal | None:
        if node.base == self.base:
            return profit
        rate = self._rates.get(node.base)
        return None if rate is None else (profit * rate).quantize(DIGITS)

    @cached_property
    def _rates(self) -> Mapping[str, Decimal]:
        """What one of each other base costs at the end, at a venue where wallets are valued in it."""
        asked = {node.base: node.venue for node in self.accounts.nodes.values() if node.base != self.base}
        given: dict[str, Any] = {
            "bases": list(asked), "venues": list(asked.values()), "into": self.base, "at": self.until or self._moment,
            "live": self.until is None and not clock.is_controlled(),
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(_RATES, given)
            return dict(cursor.fetchall())


def shown(parts: Sequence[Part], base: str) -> Sequence[Part]:
    """Without what only makes the sum exact: what is nobody's profit alone, and is zero as amounts are written."""
    return [part for part in parts if part.kind is Kind.WALLET or not formatting.is_dust(part.profit, base)]


def shortened(parts: Sequence[Part], most: int = MOST_ROWS) -> Sequence[Part]:
    """At most so many: the ones that moved the profit most, in their order, and what the others come to."""
    if len(parts) <= most:
        return parts
    kept = set(sorted(range(len(parts)), key=lambda number: -abs(parts[number].profit))[: most - 1])
    rest = [part for number, part in enumerate(parts) if number not in kept]
    shares = [part.share for part in rest if part.share is not None]
    others = Part(
        Kind.OTHERS, f"{len(rest)} others", sum((part.profit for part in rest), ZERO),
        share=sum(shares, ZERO) if shares else None,
    )  # fmt: skip
    return [*(part for number, part in enumerate(parts) if number in kept), others]
