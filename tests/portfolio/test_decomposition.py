"""What changed the value, day by day: its parts are all of the change, to the last digit, whoever's value it is."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import days, display
from kit.errors import InvalidInputError, NotFoundError
from kit.users.models import User
from portfolio.selectors.accounts import FUND
from portfolio.selectors.calendar import Calendar, Unit
from portfolio.selectors.decomposition import PARTS, Decomposition, Line
from portfolio.selectors.periods import Period, Span
from portfolio.selectors.report import Frame, Report
from portfolio.selectors.scope import Scope
from portfolio.services import close_day, roll_up_days, take_snapshots
from tests.portfolio.fund import Fund, set_price
from tests.test_one_truth import Books, amounts, assets, masters, numbers, plain, quotes, steps
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, Wallet

D = Decimal
START = datetime(2026, 3, 1, 22, tzinfo=UTC)  # a Sunday
ZONES = ("UTC", "Asia/Kathmandu", "America/Los_Angeles", "Africa/Casablanca")
signed = st.decimals("-50000", "50000", places=18)
hours = st.integers(0, 9)
happenings = st.lists(
    st.tuples(hours, st.one_of(steps, st.tuples(st.just("earn"), numbers, assets, signed, signed, amounts))),
    min_size=6,
    max_size=30,
)


class Earning(Books):
    """The same life, in which derivatives bring something too."""

    def earn(self, number: int, asset: str, realized: Decimal, funding: Decimal, fee: Decimal) -> None:
        wallet = self._at(number)
        earned(self.owner, wallet, asset, f"earn-{self.keys()}", realized=realized, funding=funding, fee=fee)


def earned(
    owner: User, wallet: Wallet, asset: str, key: str, *, realized: Decimal, funding: Decimal, fee: Decimal
) -> None:
    """As the sync books it, with what it takes to pay for it before."""
    own = AccountRef(wallet.pk, asset)
    lacks = max(fee - realized - funding, D(0)) + max(-realized, D(0)) + max(-funding, D(0))
    if lacks:
        leg = Leg(AccountRef(wallet.pk, asset, "external"), own, lacks)
        post(owner_id=owner.pk, key=f"{key}-paid", kind="deposit", legs=[leg])
    parts = (("profit", realized), ("funding", funding), ("costs", -fee))
    beside = [(AccountRef(wallet.pk, asset, kind), amount) for kind, amount in parts]
    legs = [Leg(other, own, amount) for other, amount in beside if amount > 0]
    legs += [Leg(own, other, -amount) for other, amount in beside if amount < 0]
    if legs:
        post(owner_id=owner.pk, key=key, kind="realized", legs=legs)


def holds_together(found: Decomposition) -> None:
    """Every line is its parts, begins where the one before ended, and weeks and months are the sums of their days."""
    for before, line in zip([None, *found.days], found.days, strict=False):
        assert line.residual == 0
        assert before is None or before.closing == line.opening
    for lines in (found.weeks, found.months):
        assert all(line.residual == 0 for line in lines)
        for name in PARTS:
            assert sum((getattr(one, name) for one in lines), D(0)) == sum(
                (getattr(one, name) for one in found.days), D(0)
            )
    if found.total:
        assert found.total.residual == 0
        assert found.total.change == sum((line.change for line in found.days), D(0))


def live_through(owner: User, funds: Any, known: Any, happened: Any) -> None:
    books = Earning(owner)
    with time_machine.travel(START, tick=False) as clock:
        for (venue, pair), price in known.items():
            books.price(venue, pair, price)
        for fund in funds:
            books.grow(*fund)
        for step, (later, (what, *details)) in enumerate(happened, 1):
            clock.shift(timedelta(hours=later, minutes=1))
            books.do(what, *details)
            if step % 3 == 0:
                take_snapshots(owner_id=owner.pk)
                roll_up_days(owner_id=owner.pk)
        clock.shift(timedelta(minutes=1))
        take_snapshots(owner_id=owner.pk)
        roll_up_days(owner_id=owner.pk)
        clock.shift(timedelta(minutes=1))
        for wallet in (None, *books.wallets):
            wallet_id = wallet.pk if wallet else None
            found = Decomposition(owner=owner, first=date(2026, 2, 20), wallet_id=wallet_id)
            holds_together(found)
            now = Scope(owner=owner, period=Period.ALL, wallet_id=wallet_id).now
            if now.is_known:
                assert found.days[-1].closing == now.equity
                assert found.days[0].opening == 0
                assert sum((line.flow for line in found.days), D(0)) == now.flows
                assert sum((line.funding for line in found.days), D(0)) == now.funding
        for account in Connection.objects.filter(owner=owner):
            for base in Decomposition(owner=owner, connection_id=account.pk).bases:
                found = Decomposition(owner=owner, first=date(2026, 2, 20), connection_id=account.pk, base=base)
                holds_together(found)
                tops = [one for one in books.wallets if one.connection_id == account.pk and one.parent is None]
                worth = [Scope(owner=owner, period=Period.ALL, wallet_id=one.pk).now for one in tops]
                if all(one.is_known for one in worth) and found.days:
                    assert found.days[-1].closing == sum((one.equity for one in worth if one.base == base), D(0))


def come_to_the_change(owner: User, funds: Any, known: Any, happened: Any, zone: str, base: str) -> None:
    """A fund lives in the zone and the base, and `live_through` looks at it; nothing of it stays."""
    with transaction.atomic(), display.showing(display.Display(timezone=zone)):
        owner.timezone, owner.base_currency = zone, base
        owner.save()
        live_through(owner, funds, known, happened)
        transaction.set_rollback(True)


lives = given(
    funds=masters, known=quotes, happened=happenings, zone=st.sampled_from(ZONES), base=st.sampled_from(("USDT", "EUR"))
)


@pytest.mark.slow
@settings(plain, max_examples=8)
@lives
def test_the_parts_are_all_of_the_change_of_whatever_fund(
    as_owner: User, funds: Any, known: Any, happened: Any, zone: str, base: str
) -> None:
    come_to_the_change(as_owner, funds, known, happened, zone, base)


@pytest.mark.slow
@settings(plain, max_examples=200)
@lives
def test_the_parts_are_all_of_the_change_of_any_fund(
    as_owner: User, funds: Any, known: Any, happened: Any, zone: str, base: str
) -> None:
    come_to_the_change(as_owner, funds, known, happened, zone, base)


def three_days(fund: Fund) -> None:
    """Sunday: 1,000 come, 4 are bought at 100 with a fee of 2. Monday: the price rises by 10, one is sold at 120 for a
    fee of 1, derivatives win 30 for a fee of 0.5 and pay 4, the books are corrected by −7. Tuesday: the price falls by
    5, and that is today."""
    owner = fund.owner.pk
    with time_machine.travel(START, tick=False) as clock:
        fund.deposit("1000", wallet="agent a")
        fund.buy("agent a", "4", "100", fee="2")
        set_price("100")
        take_snapshots(owner_id=owner)
        clock.move_to(START + timedelta(hours=2) - days.INSTANT)
        close_day(owner_id=owner)
        clock.move_to(START + timedelta(hours=6))
        set_price("110")
        fund.sell("agent a", "1", "120", fee="1")
        earned(fund.owner, fund.wallets["agent a"], "USDT", "won", realized=D(30), funding=D(-4), fee=D("0.5"))
        fund.correct("agent a", "7")
        take_snapshots(owner_id=owner)
        clock.move_to(START + timedelta(hours=26) - days.INSTANT)
        close_day(owner_id=owner)
        clock.move_to(START + timedelta(hours=30))
        set_price("105")
        roll_up_days(owner_id=owner)


def parts(line: Line) -> tuple[Decimal, ...]:
    return (line.change, line.flow, line.market, line.realized, line.funding, line.fees, line.adjustments)


def test_each_part_is_what_happened(fund: Fund) -> None:
    three_days(fund)
    with time_machine.travel(START + timedelta(hours=30), tick=False):
        for wallet_id in (None, *(fund.wallets[name].pk for name in ("master", "farm a", "agent a"))):
            found = Decomposition(owner=fund.owner, wallet_id=wallet_id)
            sunday, monday, tuesday = found.days
            paid_before = D(4)  # lent for the funding, which `earned` brings in first
            assert parts(sunday) == (998, 1000, 0, 0, 0, 2, 0)
            # 3 are held: 30 of prices; 20 by the sale and 30 by derivatives.
            assert parts(monday) == (D("67.5") + paid_before, paid_before, 30, 50, -4, D("1.5"), -7)
            assert (parts(tuesday), tuesday.is_today) == ((-15, 0, -15, 0, 0, 0, 0), True)
            assert [line.begins for line in found.weeks] == [date(2026, 3, 1), date(2026, 3, 2)]
            assert [line.change for line in found.months] == [found.total.change if found.total else None]
            holds_together(found)
            spans = Calendar(Scope(owner=fund.owner, period=Period.WEEK, wallet_id=wallet_id), unit=Unit.DAY).spans
            assert [span.profit for span in spans] == [line.profit for line in found.days]
            assert [span.funding for span in spans] == [line.funding for line in found.days]


def test_what_a_report_calls_other_is_what_prices_funding_and_corrections_did(fund: Fund) -> None:
    three_days(fund)
    with time_machine.travel(START + timedelta(hours=30), tick=False):
        known = Decomposition(owner=fund.owner)
        frame = Frame(None, Span(known.days[0].begins, known.days[-1].ends))
        total = known.total
        assert total is not None
        assert total.funding == -4
        for key in (FUND, str(fund.connection.pk), str(fund.wallets["agent a"].pk)):
            outcome = Report(owner=fund.owner, key=key, frame=frame).course.outcome
            assert (outcome.realized, outcome.fees) == (total.realized, total.fees)
            assert outcome.other == total.market + total.funding + total.adjustments


def test_a_connection_is_its_wallets_less_what_stands_elsewhere(fund: Fund) -> None:
    """An agent at another account takes its part with it, and all accounts together are the fund."""
    there = Connection.objects.create(
        owner=fund.owner, platform=fund.connection.platform, name="There", venue=fund.connection.venue, status="ok"
    )
    Wallet.objects.filter(pk=fund.wallets["agent b"].pk).update(connection=there)
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        fund.deposit("250", wallet="agent b")
    three_days(fund)
    with time_machine.travel(START + timedelta(hours=30), tick=False):
        every, here, elsewhere = (
            Decomposition(owner=fund.owner, **asked)
            for asked in ({}, {"connection_id": fund.connection.pk}, {"connection_id": there.pk})
        )
        for found in (every, here, elsewhere):
            holds_together(found)
        assert [line.closing for line in elsewhere.days] == [250, 250, 250]
        for whole, one, other in zip(every.days, here.days, elsewhere.days, strict=True):
            assert parts(whole) == tuple(a + b for a, b in zip(parts(one), parts(other), strict=True))
            assert whole.closing == one.closing + other.closing


def test_page_and_api_say_the_same_and_refuse_the_same(
    fund: Fund, client: Client, other_owner: User, django_assert_max_num_queries: Any
) -> None:
    three_days(fund)
    client.force_login(fund.owner)
    with time_machine.travel(START + timedelta(hours=30), tick=False):
        client.force_login(fund.owner)
        found = Decomposition(owner=fund.owner)
        told = client.get("/api/v1/portfolio/decomposition").json()
        assert [line["residual"] for line in told["lines"]] == ["0"] * 3
        assert [D(line["change"]) for line in told["lines"]] == [line.change for line in found.days]
        assert D(told["total"]["funding"]) == -4
        for period, count in (("week", 2), ("month", 1)):
            assert len(client.get("/api/v1/portfolio/decomposition", {"period": period}).json()["lines"]) == count
        with django_assert_max_num_queries(24):
            page = client.get("/portfolio/changes/").content.decode()
        assert "nothing is left over" in page
        of = f"at-{fund.connection.pk}"
        assert "nothing is left over" in client.get("/portfolio/changes/", {"of": of}).content.decode()
        assert client.get("/portfolio/changes/", {"from": "2026-03-09"}).status_code == 422
        assert client.get("/portfolio/changes/", {"of": "nonsense"}).status_code == 404
        for asked, status in (
            ({"from": "2025-01-01"}, 422), ({"from": "2026-03-02", "to": "2026-03-01"}, 422), ({"base": "DOGE"}, 422),
            ({"wallet_id": str(other_owner.pk)}, 404), ({"connection_id": str(other_owner.pk)}, 404),
            ({"wallet_id": str(fund.wallets["master"].pk), "connection_id": str(fund.connection.pk)}, 422),
        ):  # fmt: skip
            assert client.get("/api/v1/portfolio/decomposition", asked).status_code == status
    with pytest.raises(NotFoundError):
        Decomposition(owner=other_owner, connection_id=fund.connection.pk)
    with pytest.raises(InvalidInputError):
        Decomposition(owner=fund.owner, first=date(2020, 1, 1))
