"""What a goal would move, and from where to where: the same for a preview and for what is then done.

Free realised profit of a wallet = min(free balance − its minimum balance, what its trades have earned since the goal
began, net of fees − what of that goals have collected since). Money in open orders, in positions and below a minimum
balance stays where it is, and so does what no way leads home; all of that is stated.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal, localcontext
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, Sum

from farms.models import Agent
from goals.actions import AGENTS, EVERYTHING, FARM, MASTER, PROFIT
from goals.figures import Rates
from goals.holding import scope_of
from goals.models import Goal, GoalMove
from kit.errors import MoniqoError
from kit.formatting import PRECISION
from kit.sentences import Sentence, Told, money, sentence, told_by
from trading.selectors.earnings import of_derivatives
from wallets.hierarchy.allocations import RULE
from wallets.hierarchy.movements import smallest_unit
from wallets.hierarchy.routes import Move, require_open, route
from wallets.models import Account, AllocationLine, FundAllocation, Wallet

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moves:
    """Moves in their order, and what stays behind and why. `waits` says that some of it may become free by itself;
    `notes` tell what is no longer there to be moved.

    `profits` are what of each move its source had earned, where it was collected; `totals` of a preview what is
    collected, by asset: what goes on from there is the same money.
    """

    moves: tuple[Move, ...] = ()
    profits: tuple[Decimal, ...] = ()
    stays: tuple[Sentence, ...] = ()
    waits: bool = False
    notes: tuple[Sentence, ...] = ()
    totals: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass
class Books:
    """What the owner's wallets have in their base assets, which is one for each tree, and have earned since a goal
    began, whose own is `base`. Moves can be tried.
    """

    family: dict[UUID, Wallet]
    free: dict[UUID, Decimal]
    held: dict[UUID, Decimal]
    earned: dict[UUID, Decimal | None]
    base: str
    collected: dict[UUID, Decimal]
    by_others: dict[UUID, Decimal]
    by_rules: dict[UUID, Decimal]
    scope: list[UUID]
    idle: set[UUID] = field(default_factory=set)

    def below(self, roots: Iterable[UUID]) -> list[Wallet]:
        """The wallets and all below them, as they were made; reserves are nobody's to collect."""
        wanted = set(roots)
        return [
            wallet
            for wallet in self.family.values()
            if wallet.role not in Wallet.IDLE and wanted & {one.pk for one in self.path(wallet)}
        ]

    def is_in_scope(self, wallet: Wallet) -> bool:
        return any(one.pk in self.scope for one in self.path(wallet))

    def path(self, wallet: Wallet) -> list[Wallet]:
        path = [wallet]
        while path[-1].parent_id is not None:
            path.append(self.family[path[-1].parent_id])
        return path

    def master(self, wallet: Wallet) -> Wallet:
        return self.path(wallet)[-1]

    def farm(self, wallet: Wallet) -> Wallet | None:
        """The farm that the wallet belongs to; None for what stands in none."""
        return next((one for one in self.path(wallet) if one.role == Wallet.Role.FARM), None)

    def profit(self, wallet: Wallet) -> Decimal:
        """What it has earned since the goal began and no goal has collected; nothing where that is not known."""
        return max((self.earned[wallet.pk] or ZERO) - self.collected[wallet.pk], ZERO)

    def apply(self, moves: Iterable[Move]) -> None:
        """As if the moves had been done."""
        for move in moves:
            if move.asset == move.source.base_asset:
                self.free[move.source.pk] -= move.amount
            if move.asset == move.target.base_asset:
                self.free[move.target.pk] += move.amount


def read_books(goal: Goal) -> Books:
    """The books as they are now, for this goal: a fixed number of queries."""
    owner_id = goal.owner_id
    wallets = Wallet.objects.filter(owner_id=owner_id).select_related("connection").order_by("created_at", "pk")
    family = {wallet.pk: wallet for wallet in wallets}
    for wallet in family.values():
        wallet.parent = family[wallet.parent_id] if wallet.parent_id else None
    free = dict.fromkeys(family, ZERO)
    held = dict.fromkeys(family, ZERO)
    for account in Account.objects.filter(wallet__in=family, kind=Account.Kind.WALLET):
        if account.asset == family[account.wallet_id].base_asset:
            free[account.wallet_id], held[account.wallet_id] = account.available, account.held
    moved = GoalMove.objects.filter(owner_id=owner_id, purpose=GoalMove.Purpose.COLLECT, created_at__gte=goal.starts_at)
    sums = (
        moved.order_by()
        .values("source_id", "asset")
        .annotate(total=Sum("profit"), others=Sum("profit", filter=~Q(goal=goal), default=ZERO))
    )
    collected, by_others = dict.fromkeys(family, ZERO), dict.fromkeys(family, ZERO)
    for row in sums:
        if row["asset"] == family[row["source_id"]].base_asset:
            collected[row["source_id"]] += row["total"]
            by_others[row["source_id"]] += row["others"]
    # What a rule or a plan took up as profit is in that wallet no more, as what another goal has collected.
    by_rules = dict.fromkeys(family, ZERO)
    swept = AllocationLine.objects.filter(
        Q(allocation__posting__key__startswith=RULE) | Q(allocation__posting__detail__has_key="plan"),
        owner_id=owner_id,
        profit__gt=0,
        allocation__status=FundAllocation.Status.APPLIED,
        allocation__created_at__gte=goal.starts_at,
    )
    for source_id, total in swept.order_by().values_list("source_id").annotate(Sum("profit")):
        collected[source_id] += total
        by_rules[source_id] += total
    idle = Agent.objects.filter(Q(status=Agent.Status.ARCHIVED) | Q(farm__status="archived"), owner_id=owner_id)
    return Books(
        family=family,
        free=free,
        held=held,
        earned=_earned(goal, family),
        base=goal.base,
        collected=collected,
        by_others=by_others,
        by_rules=by_rules,
        scope=scope_of(goal),
        idle=set(idle.values_list("wallet_id", flat=True)),
    )


def _earned(goal: Goal, family: Mapping[UUID, Wallet]) -> dict[UUID, Decimal | None]:
    """Net of fees, in each wallet's base asset; None where it was earned in something without a price."""
    rates = Rates(goal.owner_id)
    earned: dict[UUID, Decimal | None] = dict.fromkeys(family, ZERO)
    with connection.cursor() as cursor:
        cursor.execute("SELECT wallet_id, quote, profit FROM wallet_profits(%s, %s)", [goal.owner_id, goal.starts_at])
        rows = cursor.fetchall()
    for wallet_id, quote, profit in [*rows, *of_derivatives(goal.owner_id, goal.starts_at)]:
        rate, before = rates(quote, family[wallet_id].base_asset), earned[wallet_id]
        earned[wallet_id] = None if rate is None or before is None else before + profit * rate
    return earned


# --- collecting -----------------------------------------------------------------------------------------------------


def collection(options: Mapping[str, Any], books: Books, *, wanted: Decimal | None = None) -> Moves:
    """What `{amount, from, to}` would collect now. `wanted` is what is left of a fixed amount that was begun.

    A fixed amount is one of its `asset`: wallets that keep another give nothing of it.
    """
    roots = [UUID(one) for one in options["from"]] or books.scope
    kind = options["amount"]
    left = None if kind in (PROFIT, EVERYTHING) else (Decimal(kind) if wanted is None else wanted)
    moves: list[Move] = []
    profits: list[Decimal] = []
    stays: list[Sentence] = []
    notes: list[Sentence] = []
    waits = False
    found = books.below(roots)
    asset = options.get("asset") or _asset_of(found, books)
    for wallet in found:
        target = _home(options["to"], wallet, books)
        if target is None or target.pk == wallet.pk or (left is not None and wallet.base_asset != asset):
            continue
        due, why, may_come = _due(kind, wallet, books)
        if kind == PROFIT:
            notes.extend(_taken(wallet, books))
        if left is not None:
            due = min(due, left)
        if due > 0 and (refusal := _no_way(wallet, target)):
            stays.append(refusal)
            continue
        if due > 0:
            moves.append(Move(wallet, target, wallet.base_asset, due))
            profits.append(min(due, books.profit(wallet)))
            left = None if left is None else left - due
        stays.extend(why)
        waits |= may_come
    if left is not None:
        stays, waits = [], left > 0
        if left > 0:
            stays.append(sentence("{amount} of what was asked for is not free.", amount=money(left, asset)))
    return Moves(tuple(moves), tuple(profits), tuple(stays), waits, tuple(notes))


def _taken(wallet: Wallet, books: Books) -> Iterator[Sentence]:
    """What of its profit others have taken before, and who."""
    left = max(books.earned[wallet.pk] or ZERO, ZERO)
    for taken, said in (
        (books.by_others, "{wallet}: {amount} of its profit was collected by another goal."),
        (books.by_rules, "{wallet}: {amount} of its profit was taken up before, by a rule or a plan."),
    ):
        if amount := min(taken[wallet.pk], left):
            yield _said(said, wallet, amount)
            left -= amount


def _asset_of(wallets: Sequence[Wallet], books: Books) -> str:
    held = [wallet.base_asset for wallet in wallets] or [books.base]
    return books.base if books.base in held else held[0]


def _due(kind: str, wallet: Wallet, books: Books) -> tuple[Decimal, list[Sentence], bool]:
    """What is to be taken of the wallet, what of it stays and why, and whether that may become free by itself."""
    unit = smallest_unit(wallet.base_asset)
    usable = _usable(wallet, books)
    held = books.held[wallet.pk]
    if kind != PROFIT:
        said = "{wallet}: {amount} is in open orders or margin."
        why = [_said(said, wallet, held)] if held > 0 and kind == EVERYTHING else []
        return usable.quantize(unit, ROUND_DOWN), why, bool(why)
    earned = books.earned[wallet.pk]
    if earned is None:
        return ZERO, [sentence("{wallet}: what it earned is in an asset without a price.", wallet=wallet.name)], False
    profit = books.profit(wallet).quantize(unit, ROUND_DOWN)
    due = min(usable, profit).quantize(unit, ROUND_DOWN)
    why = []
    if profit > due:
        reason = "{wallet}: {amount} of its profit is in open orders or positions, or below its minimum balance."
        why.append(_said(reason, wallet, profit - due))
    return due, why, profit > due and held > 0


def _usable(wallet: Wallet, books: Books) -> Decimal:
    """What is neither in open orders nor below its minimum balance."""
    free: Decimal = books.free[wallet.pk] - wallet.minimum_balance
    return max(free, ZERO)


def _said(template: str, wallet: Wallet, value: Decimal) -> Sentence:
    return sentence(template, wallet=wallet.name, amount=money(value, wallet.base_asset))


def _home(to: str, wallet: Wallet, books: Books) -> Wallet | None:
    if to == MASTER:
        return books.master(wallet)
    if to == FARM:
        return books.farm(wallet)
    return books.family.get(UUID(to))


def _no_way(source: Wallet, target: Wallet) -> Sentence:
    """Why money cannot go there; empty when it can."""
    try:
        for wallet in route(source, target):
            require_open(wallet)
    except MoniqoError as error:
        return sentence("{wallet}: {why}", wallet=source.name, why=told_by(error))
    return Sentence()


# --- distributing ---------------------------------------------------------------------------------------------------


def distribution(options: Mapping[str, Any], pools: Mapping[tuple[UUID, str], Decimal], books: Books) -> Moves:
    """How what was collected, by wallet and asset, goes on by shares: rounded down, the rest stays and is stated."""
    moves: list[Move] = []
    stays: list[Sentence] = []
    for (wallet_id, asset), pool in sorted(pools.items(), key=lambda one: (str(one[0][0]), one[0][1])):
        source = books.family[wallet_id]
        kept = pool
        usable = min(pool, _usable(source, books)) if asset == source.base_asset else pool
        if usable < pool:
            missing = "{wallet}: {amount} of what was collected is not free any more, or below its minimum balance."
            stays.append(sentence(missing, wallet=source.name, amount=money(pool - usable, asset)))
        for share in options["shares"]:
            part = _down(usable * Decimal(share["share"]), asset)
            for target, weight in _receivers(share["to"], source, books):
                portion = _down(part * weight, asset)
                if portion <= 0 or target.pk == source.pk:
                    continue
                if refusal := _no_way(source, target):
                    stays.append(refusal)
                    continue
                moves.append(Move(source, target, asset, portion))
                kept -= portion
        if kept > 0:
            stays.append(_stays(source, asset, kept))
    return Moves(tuple(moves), stays=tuple(stays))


def _stays(source: Wallet, asset: str, kept: Decimal) -> Sentence:
    return sentence("{amount} stays in {wallet}.", amount=money(kept, asset), wallet=source.name)


def _receivers(to: str, source: Wallet, books: Books) -> Sequence[tuple[Wallet, Decimal]]:
    """Who gets a share, and which part of it each; nobody where there is none."""
    if to == MASTER:
        return [(books.master(source), Decimal(1))]
    if to not in (AGENTS, FARM):
        target = books.family.get(UUID(to))
        return [(target, Decimal(1))] if target else []
    agents = [
        one
        for one in books.below([books.master(source).pk])
        if one.role == Wallet.Role.AGENT and one.pk not in books.idle and books.is_in_scope(one)
    ]
    if to == AGENTS:
        return _by_contribution({agent.pk: agent for agent in agents}, agents, books, of=lambda agent: agent)
    farms = {farm.pk: farm for agent in agents if (farm := books.farm(agent))}
    return _by_contribution(farms, agents, books, of=books.farm)


def _by_contribution(
    receivers: Mapping[UUID, Wallet], agents: Sequence[Wallet], books: Books, *, of: Any
) -> list[tuple[Wallet, Decimal]]:
    """By what each has earned since the goal began; equally where nobody has earned anything."""
    earned = dict.fromkeys(receivers, ZERO)
    for agent in agents:
        if (receiver := of(agent)) is not None:
            earned[receiver.pk] += max(books.earned[agent.pk] or ZERO, ZERO)
    whole = sum(earned.values(), ZERO)
    with localcontext(prec=PRECISION):
        return [
            (receivers[pk], value / whole if whole else Decimal(1) / len(receivers)) for pk, value in earned.items()
        ]


def _down(value: Decimal, asset: str) -> Decimal:
    with localcontext(prec=PRECISION):
        return value.quantize(smallest_unit(asset), ROUND_DOWN)


# --- all of it ------------------------------------------------------------------------------------------------------


def preview(goal: Goal) -> Moves:
    """What the goal's actions would move if it were achieved now. What positions would bring is not known before."""
    books = read_books(goal)
    moves: list[Move] = []
    stays: list[Told] = []
    pools: dict[tuple[UUID, str], Decimal] = defaultdict(lambda: ZERO)
    totals: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for number, action in enumerate(goal.actions):
        if action["do"] == "close":
            stays.append(_of_closing(goal.actions, number))
        if action["do"] == "collect":
            found = collection(action, books)
            if not (found.moves or found.notes or found.stays):
                stays.append(_NOTHING.get(action["amount"], _NOTHING[EVERYTHING]))
            for move, profit in zip(found.moves, found.profits, strict=True):
                pools[move.target.pk, move.asset] += move.amount
                totals[move.asset] += move.amount
                books.collected[move.source.pk] += profit
        elif action["do"] == "distribute":
            found = distribution(action, pools, books)
        else:
            continue
        books.apply(found.moves)
        moves += found.moves
        stays += (*found.notes, *found.stays)
    return Moves(tuple(moves), stays=tuple(map(Sentence.of, stays)), totals=totals)


_NOTHING: Final = {
    PROFIT: "Nothing in scope has a free profit to collect that was realised since the goal began.",
    EVERYTHING: "Nothing is free to collect in scope.",
}


def _of_closing(actions: Sequence[Mapping[str, Any]], number: int) -> str:
    """What becomes of what the positions bring: they are closed in their turn, and a collection after that takes it."""
    before, after = (any(one["do"] == "collect" for one in part) for part in (actions[:number], actions[number + 1 :]))
    if after:
        when = "after the first collection" if before else "first"
        return f"Positions are closed {when}: what they bring is not counted here."
    when = "after the collection" if before else "and nothing is collected"
    return f"Positions are closed {when}: what they bring stays in their wallets."
