"""The parts of a profit sum to it exactly, whatever happened, and each is what its wallets earned by themselves."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from kit import clock, display
from kit.users.models import User
from portfolio.selectors.contribution import MOST_ROWS, By, Contribution, Kind, Part, shortened, shown
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.scope import Scope
from portfolio.services import roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price_then

D = Decimal
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS = 40
HOLDERS = ("master", "farm a", "agent a", "farm b", "agent b", "agent c")


class Shadow:
    """What each wallet holds by itself, kept in plain numbers beside the books."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.earned: dict[str, Decimal] = defaultdict(Decimal)
        self.price = D(100)

    def worth(self, name: str) -> Decimal:
        return self.held[name]["USDT"] + self.held[name]["BTC"] * self.price

    def reprice(self, price: Decimal) -> None:
        for name in HOLDERS:
            self.earned[name] += self.held[name]["BTC"] * (price - self.price)
        self.price = price


def live(fund: Fund, seed: int) -> Iterator[tuple[datetime, dict[str, Decimal]]]:
    """A life at random; after each value that is written down the moment, and what each wallet has earned so far."""
    chance, shadow = random.Random(seed), Shadow()
    fund.add("agent c", "farm b")
    for step in range(DAYS * 2):
        moment = START + timedelta(hours=12 * step, minutes=chance.randrange(600))
        with clock.at(moment):
            shadow.reprice(D(chance.randrange(8000, 12500)) / 100)
            set_price_then(shadow.price, at=moment)
            for _ in range(chance.randrange(4)):
                act(fund, shadow, chance)
            take_snapshots(owner_id=fund.owner.pk, at=moment)
        yield moment, dict(shadow.earned)


def act(fund: Fund, shadow: Shadow, chance: random.Random) -> None:
    name, other = chance.sample(HOLDERS, 2)
    cash = shadow.held[name]["USDT"]
    match chance.randrange(5):
        case 0:
            fund.deposit(amount := D(chance.randrange(10000, 500000)) / 100, wallet=name)
            shadow.held[name]["USDT"] += amount
        case 1 if cash > 10:
            fund.move(name, other, amount := (cash / 3).quantize(D("0.01")))
            shadow.held[name]["USDT"] -= amount
            shadow.held[other]["USDT"] += amount
        case 2 if cash > 300:
            fund.buy(name, "1.5", str(shadow.price), fee="0.37")
            shadow.held[name]["USDT"] -= D("1.5") * shadow.price + D("0.37")
            shadow.held[name]["BTC"] += D("1.5")
            shadow.earned[name] -= D("0.37")
        case 3 if shadow.held[name]["BTC"] >= 1:
            fund.sell(name, "1", str(shadow.price), fee="0.21")
            shadow.held[name]["USDT"] += shadow.price - D("0.21")
            shadow.held[name]["BTC"] -= 1
            shadow.earned[name] -= D("0.21")
        case 4 if cash > 50:
            fund.correct(name, "1.03")
            shadow.held[name]["USDT"] -= D("1.03")
            shadow.earned[name] -= D("1.03")


@contextmanager
def reading(at: datetime) -> Iterator[None]:
    with clock.at(at), display.showing(display.Display(timezone="UTC")):
        yield


def parts_of(fund: Fund, *, period: Period | Span, by: By, wallet: str | None = None) -> tuple[Scope, Contribution]:
    scope = Scope(owner=fund.owner, period=period, wallet_id=fund.wallets[wallet].pk if wallet else None)
    return scope, Contribution.of(scope, by=by)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_parts_are_what_wallets_earned_and_sum_to_the_profit_of_the_page(fund: Fund, seed: int) -> None:
    earned = dict(live(fund, seed))
    roll_up_days(owner_id=fund.owner.pk)
    end, total = max(earned.items())
    now = end + timedelta(hours=1)
    chance = random.Random(seed + 100)
    spans = [Span((START + timedelta(days=a)).date(), (START + timedelta(days=b)).date())
             for a, b in (sorted(chance.sample(range(DAYS), 2)) for _ in range(4))]  # fmt: skip
    with reading(now):
        for period in (Period.ALL, Period.MONTH, *spans):
            before = last(earned, period.start)
            after = last(earned, period.until) if period.until else total
            own = {name: after.get(name, D(0)) - before.get(name, D(0)) for name in HOLDERS}
            for by in By:
                scope, found = parts_of(fund, period=period, by=by)
                assert scope.change.profit == found.total == sum(part.profit for part in found.parts)
                assert [part for part in found.parts if part.kind is Kind.REST] == []
                assert profits(fund, found.parts) == expected(own, by)
            farm, found = parts_of(fund, period=period, by=By.AGENT, wallet="farm b")
            assert farm.change.profit == found.total == sum(part.profit for part in found.parts)
            assert found.total == own["farm b"] + own["agent b"] + own["agent c"]


def last(earned: dict[datetime, dict[str, Decimal]], at: datetime) -> dict[str, Decimal]:
    return max(((moment, each) for moment, each in earned.items() if moment < at), default=(at, {}))[1]


def profits(fund: Fund, parts: Any) -> dict[tuple[str, Kind], Decimal]:
    names = {wallet.pk: name for name, wallet in fund.wallets.items()}
    return {(names[part.wallet_id], part.kind): part.profit for part in parts if part.profit}


def expected(own: dict[str, Decimal], by: By) -> dict[tuple[str, Kind], Decimal]:
    farms = {
        ("farm a", Kind.WALLET): own["farm a"] + own["agent a"],
        ("farm b", Kind.WALLET): own["farm b"] + own["agent b"] + own["agent c"],
    }
    agents = {
        ("farm a", Kind.OWN): own["farm a"], ("farm b", Kind.OWN): own["farm b"],
        **{(name, Kind.WALLET): own[name] for name in ("agent a", "agent b", "agent c")},
    }  # fmt: skip
    found = {("master", Kind.OWN): own["master"], **(farms if by is By.FARM else agents)}
    return {key: profit for key, profit in found.items() if profit}


def test_a_wallet_in_another_currency_counts_at_the_rate_of_the_end_and_rates_are_a_part(fund: Fund) -> None:
    with clock.at(START):
        set_price_then("100", at=START)
        set_price_then("0.8", "USDT", "EUR", at=START)
        User.objects.filter(pk=fund.owner.pk).update(base_currency="EUR")
        fund.owner.refresh_from_db()
        fund.deposit("1000", wallet="agent a")
        fund.buy("agent a", "5", "100")
        take_snapshots(owner_id=fund.owner.pk, at=START)
    later = START + timedelta(days=1)
    set_price_then("120", at=later)
    set_price_then("0.9", "USDT", "EUR", at=later)
    with clock.at(later):
        take_snapshots(owner_id=fund.owner.pk, at=later)
    roll_up_days(owner_id=fund.owner.pk)
    with reading(later + timedelta(hours=1)):
        scope, found = parts_of(fund, period=Period.ALL, by=By.AGENT)
        told = {(part.name, part.kind): part.profit for part in found.parts}
        # 1,100 × 0.9 − 1,000 × 0.8 in all, of which 100 USDT by the agent
        assert scope.change.profit == found.total == 190
    assert told == {("agent a", Kind.WALLET): D(90), ("Change of rates", Kind.REST): D(100)}


def test_what_has_no_price_is_said_and_no_part_is_made_up(fund: Fund) -> None:
    with clock.at(START):
        fund.deposit("5", "XYZ", wallet="agent a")
        take_snapshots(owner_id=fund.owner.pk, at=START)
        _, found = parts_of(fund, period=Period.ALL, by=By.AGENT)
        assert (found.total, list(found.parts)) == (None, [])
        assert "no price" in found.why_empty


def test_many_parts_are_shortened_to_the_ones_that_matter_and_still_sum() -> None:
    parts = [Part(Kind.WALLET, f"w{number}", D(number * (-1) ** number), share=D(number)) for number in range(200)]
    short = shortened(parts)
    assert len(short) == MOST_ROWS
    assert sum(part.profit for part in short) == sum(part.profit for part in parts)
    assert sum(part.share for part in short if part.share is not None) == sum(range(200))
    assert short[-1].name == "151 others"
    assert shortened(parts[:MOST_ROWS]) == parts[:MOST_ROWS]


def test_rows_that_only_make_the_sum_exact_are_not_shown() -> None:
    dust, amount = D("-0.000000000000000001"), D("-0.00000123")
    parts = [
        Part(Kind.WALLET, "idle", D(0)), Part(Kind.OWN, "Master, its own", dust), Part(Kind.OWN, "paid", amount),
        Part(Kind.REST, "Rounding", dust),
    ]  # fmt: skip
    assert [part.name for part in shown(parts, "ETH")] == ["idle", "paid"]
    assert [part.name for part in shown(parts, "USD")] == ["idle"]
