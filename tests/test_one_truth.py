"""One wallet, one number: whatever a fund consists of, everybody says the same of it.

Random funds: several masters at two venues counting in two assets, farms and agents, assets that have a market with the
base, with another asset, or with none, prices that change and go away, derivatives long and short, linear and inverse.
For every wallet the value, the money put in and the profit must be the same in the tree (Wallets), the portfolio, the
farms, the API, and by the ledger's own rows.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from farms.models import Agent, Farm
from farms.selectors import agent_rows, farm_rows
from kit import clock
from kit.users.models import User
from markets.models import Ticker
from markets.prices import prices_in, worth
from portfolio.selectors.periods import Period
from portfolio.selectors.scope import Scope
from portfolio.selectors.standings import standings
from portfolio.services import take_snapshots
from quant.contracts import unrealized_profit
from tests.portfolio.fund import D, make_instrument
from wallets.hierarchy.tree import wallet_tree
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Account, Connection, Platform, Purpose, Transfer, VenuePosition, Wallet
from wallets.models.kinds import PURPOSES

VENUES = ("here", "there")
BASES = ("USDT", "EUR")
ASSETS = (*BASES, "BTC", "AAA", "BBB", "CCC")
PAIRS = ("EUR/USDT", "BTC/USDT", "BTC/EUR", "AAA/EUR", "AAA/BTC", "BBB/BTC", "USDT/BBB", "CCC/AAA")
# What moves money into a wallet or out of it; the ledger's own word for a flow.
FLOWS = [kind for kind, purpose in PURPOSES.items() if purpose in (Purpose.FLOW, Purpose.FUNDING)]

amounts = st.decimals("0.000000000000000001", "100000", places=18)
prices = st.decimals("0.000000001", "70000", places=12)
venues, assets, pairs = st.sampled_from(VENUES), st.sampled_from(ASSETS), st.sampled_from(PAIRS)
numbers = st.integers(0, 99)
sides, quantities = st.sampled_from(("long", "short")), st.decimals("0.001", "1000", places=3)
steps = st.one_of(
    st.tuples(st.just("deposit"), numbers, assets, amounts),
    st.tuples(st.just("find"), numbers, assets, amounts),
    st.tuples(st.just("allocate"), numbers, assets, st.integers(1, 100)),
    st.tuples(st.just("collect"), numbers, assets, st.integers(1, 100)),
    st.tuples(st.just("claim"), numbers, assets, st.integers(1, 100)),
    st.tuples(st.just("correct"), numbers, assets, st.integers(1, 100)),
    st.tuples(st.just("fee"), numbers, assets, st.integers(1, 100)),
    st.tuples(st.just("hold"), numbers, st.integers(1, 100)),
    st.tuples(st.just("trade"), numbers, assets, assets, st.integers(1, 100), amounts),
    st.tuples(st.just("derive"), numbers, assets, sides, st.booleans(), quantities, quantities, prices, prices),
    st.tuples(st.just("close"), numbers),
    st.tuples(st.just("price"), venues, pairs, prices),
    st.tuples(st.just("forget"), venues, pairs),
    st.tuples(st.just("snapshot")),
)
masters = st.lists(
    st.tuples(venues, st.sampled_from(BASES), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=3
)
quotes = st.dictionaries(st.tuples(venues, pairs), prices, max_size=10)


@dataclass
class Books:
    """The wallets in the order they were made, and what may happen to them. Nothing is done that is not covered."""

    owner: User
    wallets: list[Wallet] = field(default_factory=list)
    keys: Callable[[], int] = field(default_factory=lambda: count(1).__next__)

    def grow(self, venue: str, base: str, farms: int, agents: int) -> None:
        platform, _ = Platform.objects.get_or_create(slug="demo", defaults={"name": "Demo", "adapter": "demo"})
        name = f"Account {self.keys()}"
        account = Connection.objects.create(owner=self.owner, platform=platform, name=name, venue=venue, status="ok")
        master = self._wallet("master", account, base, None)
        self._wallet("unassigned", account, base, None)
        instrument = make_instrument("BTC", "USDT", venue=venue)
        for _ in range(farms):
            farm_wallet = self._wallet("farm", account, base, master)
            farm = Farm.objects.create(owner=self.owner, wallet=farm_wallet, name=farm_wallet.name, maximum_share=1)
            for _ in range(agents):
                agent_wallet = self._wallet("agent", account, base, farm_wallet)
                Agent.objects.create(
                    owner=self.owner, farm=farm, wallet=agent_wallet, name=agent_wallet.name, instrument=instrument,
                    strategy="trend_following", timeframe="1h", size=1,
                )  # fmt: skip

    def _wallet(self, role: str, account: Connection, base: str, parent: Wallet | None) -> Wallet:
        name = f"{role} {self.keys()}"
        wallet = Wallet.objects.create(
            owner=self.owner, name=name, role=role, connection=account, base_asset=base, parent=parent
        )
        self.wallets.append(wallet)
        return wallet

    def do(self, what: str, *details: Any) -> None:
        getattr(self, what)(*details)

    def deposit(self, number: int, asset: str, amount: Decimal) -> None:
        self._move("deposit", self._at(number), "external", self._at(number), "wallet", asset, amount)

    def find(self, number: int, asset: str, amount: Decimal) -> None:
        self._move("assign", self._at(number), "suspense", self._at(number), "wallet", asset, amount)

    def allocate(self, number: int, asset: str, percent: int) -> None:
        child = self._at(number)
        if child.parent is not None:
            amount = self._part(child.parent, asset, percent)
            self._move("allocate", child.parent, "wallet", child, "wallet", asset, amount)

    def collect(self, number: int, asset: str, percent: int) -> None:
        child = self._at(number)
        if child.parent is not None:
            self._move("collect", child, "wallet", child.parent, "wallet", asset, self._part(child, asset, percent))

    def claim(self, number: int, asset: str, percent: int) -> None:
        """What nobody claimed becomes a master's of the same account."""
        spare = [one for one in self.wallets if one.role == "unassigned"]
        source = spare[number % len(spare)]
        target = next(one for one in self.wallets if one.connection_id == source.connection_id)
        self._move("claim", source, "wallet", target, "wallet", asset, self._part(source, asset, percent))

    def correct(self, number: int, asset: str, percent: int) -> None:
        wallet = self._at(number)
        self._move("correct", wallet, "wallet", wallet, "pnl", asset, self._part(wallet, asset, percent))

    def fee(self, number: int, asset: str, percent: int) -> None:
        wallet = self._at(number)
        self._move("trade", wallet, "wallet", wallet, "fees", asset, self._part(wallet, asset, percent))

    def trade(self, number: int, given: str, got: str, percent: int, amount: Decimal) -> None:
        wallet = self._at(number)
        part = self._part(wallet, given, percent)
        if part and given != got:
            self._move("trade", wallet, "wallet", wallet, "clearing", given, part)
            self._move("trade", wallet, "clearing", wallet, "wallet", got, amount)

    def hold(self, number: int, percent: int) -> None:
        """Reserve a part of something that is there."""
        there = [one for one in Account.objects.filter(kind="wallet").select_related("wallet") if one.available]
        if there:
            one = there[number % len(there)]
            amount = self._part(one.wallet, one.asset, percent)
            away = AccountRef(one.wallet_id, one.asset, "clearing")
            if amount:
                leg = Leg(AccountRef(one.wallet_id, one.asset), away, amount, "pending")
                post(owner_id=self.owner.pk, key=f"hold-{self.keys()}", kind="hold", legs=[leg])

    def derive(
        self, number: int, settle: str, side: str, is_inverse: bool, contracts: Decimal, size: Decimal, entry: Decimal,
        mark: Decimal,
    ) -> None:  # fmt: skip
        """A derivative is opened at an account, or moves on; what it has won is worked out as venues do."""
        profit = unrealized_profit(
            contracts=contracts, contract_size=size, entry_price=entry, mark_price=mark, is_long=side == "long",
            is_inverse=is_inverse,
        )  # fmt: skip
        told = {
            "quantity": contracts, "contract_size": size, "entry_price": entry, "mark_price": mark, "base": "BTC",
            "settle": settle, "is_inverse": is_inverse, "at": clock.now(),
        }  # fmt: skip
        VenuePosition.objects.update_or_create(
            connection=self._at(number).connection, symbol=f"BTC in {settle}", side=side,
            defaults=told | {"owner": self.owner, "unrealized_pnl": max(min(profit, D("1e15")), D("-1e15"))},
        )  # fmt: skip

    def close(self, number: int) -> None:
        VenuePosition.objects.filter(connection=self._at(number).connection).delete()

    def price(self, venue: str, pair: str, price: Decimal) -> None:
        instrument = make_instrument(*pair.split("/"), venue=venue)
        Ticker.objects.update_or_create(instrument=instrument, defaults={"price": price, "source": "testing"})

    def forget(self, venue: str, pair: str) -> None:
        Ticker.objects.filter(instrument__venue=venue, instrument__symbol=pair).delete()

    def snapshot(self) -> None:
        take_snapshots(owner_id=self.owner.pk)

    def _at(self, number: int) -> Wallet:
        return self.wallets[number % len(self.wallets)]

    def _part(self, wallet: Wallet, asset: str, percent: int) -> Decimal:
        account = Account.objects.filter(wallet=wallet, asset=asset, kind="wallet").first()
        return (account.available * percent / 100).quantize(D("1e-18")) if account else D(0)

    def _move(
        self, kind: str, source: Wallet, source_kind: str, target: Wallet, target_kind: str, asset: str, amount: Decimal
    ) -> None:
        if amount:
            leg = Leg(AccountRef(source.pk, asset, source_kind), AccountRef(target.pk, asset, target_kind), amount)
            post(owner_id=self.owner.pk, key=f"{kind}-{self.keys()}", kind=kind, legs=[leg])

    # --- what the ledger's rows say ----------------------------------------------------------------------------------

    def below(self, wallet: Wallet) -> set[UUID]:
        children = [child for child in self.wallets if child.parent == wallet]
        return {wallet.pk}.union(*(self.below(child) for child in children))

    def holds_derivatives(self, connection_id: UUID) -> UUID:
        """Whose the derivatives of an account are: nobody has claimed them."""
        return next(
            one.pk for one in self.wallets if one.connection_id == connection_id and one.role == "unassigned"
        )  # fmt: skip

    def value(self, members: set[UUID], base: str) -> Decimal:
        """Every balance, and what every derivative has won or lost, times its price, each to the eighteenth decimal;
        what has no price is left out."""
        balances: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
        for account in Account.objects.filter(wallet__in=members, kind="wallet").select_related("wallet__connection"):
            balances[account.wallet.connection.venue].append((account.asset, account.balance))
        for opened in VenuePosition.objects.select_related("connection"):
            if self.holds_derivatives(opened.connection_id) in members:
                balances[opened.connection.venue].append((opened.settle, opened.unrealized_pnl))
        total = D(0)
        for venue, held in balances.items():
            known = prices_in(assets={asset for asset, _ in held}, base=base, venue=venue)
            total += sum((worth(amount, known[asset].price) for asset, amount in held if asset in known), D(0))
        return total

    def flows(self, members: set[UUID]) -> dict[str, Decimal]:
        """By asset, what postings of the kinds that are flows brought in from outside the members, less what left."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for move in Transfer.objects.filter(posting__kind__in=FLOWS).select_related("debit", "credit"):
            came, went = (
                side.kind == "wallet" and side.wallet_id in members for side in (move.credit, move.debit)
            )  # fmt: skip
            found[move.asset] += move.amount * (came - went)
        return {asset: amount for asset, amount in found.items() if amount}


def exact(text: str | None) -> Decimal | None:
    return None if text is None else D(text)


def compare(books: Books, client: Client) -> None:
    owner = books.owner
    tree = {node.id: node for node in wallet_tree(owner_id=owner.pk)}
    farms: dict[UUID, Any] = {
        row.wallet_id: row for row in (*farm_rows(owner_id=owner.pk), *agent_rows(owner_id=owner.pk))
    }
    api = {row["id"]: row for row in client.get("/api/v1/wallets").json()}
    stand = standings(owner_id=owner.pk)
    for wallet in books.wallets:
        members = books.below(wallet)
        value = books.value(members, wallet.base_asset)
        scope = Scope(owner=owner, period=Period.ALL, wallet_id=wallet.pk)
        summary = client.get("/api/v1/portfolio/summary", {"wallet_id": str(wallet.pk), "range": "All"}).json()
        standing = stand[wallet.pk]
        given = standing.funding
        assert scope.now.equity == value
        assert tree[wallet.pk].unpriced == scope.now.unpriced == tuple(summary["unpriced"])
        assert scope.now.flows == given
        # Where something is held and nothing of it has a price, everybody says that the value is unknown.
        is_known = bool(value) or not scope.now.unpriced
        worth_now, profit = (value, value - given) if is_known else (None, None)
        assert tree[wallet.pk].value == standing.value == worth_now
        assert scope.today.profit == exact(summary["today"]["profit"]) == standing.today
        assert scope.today.twr == standing.today_return
        assert exact(api[str(wallet.pk)]["value"]) == exact(summary["equity"]) == worth_now
        assert scope.change.flows == exact(summary["period"]["flows"]) == (given if is_known else None)
        assert scope.change.profit == exact(summary["period"]["profit"]) == profit
        if wallet.pk in farms:
            row = farms[wallet.pk]
            assert (row.value, row.funding, row.profit) == (worth_now, given, profit)
    everything = Scope(owner=owner, period=Period.ALL)
    assert everything.now.equity == books.value({wallet.pk for wallet in books.wallets}, owner.base_currency)
    if everything.now.is_known:
        assert everything.change.profit == everything.now.equity - stand[owner.pk].funding
    assert sum((share.value for share in everything.by_asset), D(0)) == everything.now.equity
    now = everything.now
    assert now.derivatives_pnl == sum((one.value or D(0) for one in everything.derivatives), D(0))
    exposed = [one.exposed or D(0) for one in everything.holdings]
    assert (now.net_exposure, now.gross_exposure) == (sum(exposed, D(0)), sum((abs(one) for one in exposed), D(0)))
    for path in ("/api/v1/farms", "/api/v1/agents"):
        for row in client.get(path).json():
            known = farms[UUID(row["wallet_id"])]
            assert (exact(row["value"]), D(row["funding"]), exact(row["profit"])) == (
                known.value,
                known.funding,
                known.profit,
            )


def tell_flows_in_units(books: Books) -> None:
    """With every price 1, what was put in is what the ledger's postings say, whatever their assets."""
    for wallet in books.wallets:
        members, found = books.below(wallet), defaultdict(Decimal)
        for row in Account.objects.filter(wallet__in=members).exclude(kind__in=("external", "suspense")):
            found[row.asset] += row.balance
        assert {asset: amount for asset, amount in found.items() if amount} == books.flows(members)


def live_through(owner: User, client: Client, funds: Any, known: Any, happened: Any) -> None:
    with transaction.atomic():
        books = Books(owner)
        for (venue, pair), price in known.items():
            books.price(venue, pair, price)
        for fund in funds:
            books.grow(*fund)
        for step in happened:
            books.do(*step)
        compare(books, client)
        tell_flows_in_units(books)
        transaction.set_rollback(True)


lives = given(funds=masters, known=quotes, happened=st.lists(steps, min_size=4, max_size=25))
plain = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], database=None
)


@settings(plain, max_examples=20)
@lives
def test_everybody_says_the_same_of_a_wallet(
    as_owner: User, client: Client, funds: Any, known: Any, happened: Any
) -> None:
    client.force_login(as_owner)
    live_through(as_owner, client, funds, known, happened)


@pytest.mark.slow
@settings(plain, max_examples=300)
@lives
def test_everybody_says_the_same_of_any_wallet(
    as_owner: User, client: Client, funds: Any, known: Any, happened: Any
) -> None:
    client.force_login(as_owner)
    live_through(as_owner, client, funds, known, happened)
