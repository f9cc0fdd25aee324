"""A small fund to test with: a master, two farms, an agent in each, and trades that go through the real ledger."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import count
from typing import Any

from kit import clock
from kit.users.models import User
from markets.models import Candle, Instrument, Ticker, Timeframe
from trading.models import Position
from wallets.ledger import AccountRef, Leg, post
from wallets.models import Connection, Platform, VenuePosition, Wallet

VENUE = "testing"
D = Decimal


def make_instrument(base: str = "BTC", quote: str = "USDT", *, venue: str = VENUE) -> Instrument:
    instrument, _ = Instrument.objects.get_or_create(
        venue=venue,
        symbol=f"{base}/{quote}",
        defaults={"base": base, "quote": quote, "tick_size": D("0.01"), "lot_size": D("0.00001")},
    )
    return instrument


def set_price(price: str | Decimal, base: str = "BTC", quote: str = "USDT", *, at: datetime | None = None) -> None:
    """What one `base` costs now at the testing venue."""
    Ticker.objects.update_or_create(
        instrument=make_instrument(base, quote),
        defaults={"price": D(price), "source": "testing", "at": at or clock.now()},
    )


def set_price_then(price: str | Decimal, base: str = "BTC", quote: str = "USDT", *, at: datetime) -> None:
    """The same of a moment of the past, whose prices are closes of candles: one closes at it."""
    value, minute = float(price), 60_000
    ts = int(at.timestamp() * 1000) // minute * minute - minute
    Candle.objects.update_or_create(
        instrument=make_instrument(base, quote), timeframe=Timeframe.M1, ts=ts,
        defaults={"open": value, "high": value, "low": value, "close": value, "volume": 1},
    )  # fmt: skip


def _numbers() -> Callable[[], int]:
    """The next number at each call; a copy goes on with those of what it is a copy of."""
    numbers = count(1)
    return lambda: next(numbers)


@dataclass
class Fund:
    """Wallets by name, and what can happen to them. Works inside the owner's tenant block."""

    owner: User
    connection: Connection
    wallets: dict[str, Wallet] = field(default_factory=dict)
    keys: Callable[[], int] = field(default_factory=_numbers)

    @classmethod
    def make(cls, owner: User, *, name: str = "Testing") -> "Fund":
        platform, _ = Platform.objects.get_or_create(slug="testing", defaults={"name": "Testing", "adapter": "demo"})
        connection = Connection.objects.create(
            owner=owner, platform=platform, name=name, venue=VENUE, status=Connection.Status.OK
        )
        fund = cls(owner, connection)
        fund.add("master", None)
        for letter in "ab":
            fund.add(f"farm {letter}", "master")
            fund.add(f"agent {letter}", f"farm {letter}")
        return fund

    def add(self, name: str, parent: str | None, **fields: object) -> Wallet:
        role = "master" if parent is None else "farm" if parent == "master" else "agent"
        self.wallets[name] = Wallet.objects.create(
            owner=self.owner,
            connection=self.connection,
            name=name,
            role=role,
            parent=self.wallets[parent] if parent else None,
            **fields,
        )
        return self.wallets[name]

    def deposit(self, amount: str | Decimal, asset: str = "USDT", wallet: str = "master") -> None:
        self._post("deposit", self._leg(wallet, "external", wallet, "wallet", asset, amount))

    def withdraw(self, amount: str | Decimal, asset: str = "USDT", wallet: str = "master") -> None:
        self._post("withdraw", self._leg(wallet, "wallet", wallet, "external", asset, amount))

    def move(self, source: str, target: str, amount: str | Decimal, asset: str = "USDT") -> None:
        self._post("allocate", self._leg(source, "wallet", target, "wallet", asset, amount))

    def correct(self, wallet: str, amount: str | Decimal, asset: str = "USDT") -> None:
        """Take an amount out of the books as a loss that nobody traded."""
        self._post("correct", self._leg(wallet, "wallet", wallet, "pnl", asset, amount))

    def buy(self, wallet: str, quantity: str, price: str, *, fee: str = "0", base: str = "BTC") -> None:
        size, cost = D(quantity), D(quantity) * D(price)
        legs = [
            self._leg(wallet, "wallet", wallet, "clearing", "USDT", cost),
            self._leg(wallet, "clearing", wallet, "wallet", base, size),
        ]
        if D(fee):
            legs.append(self._leg(wallet, "wallet", wallet, "fees", "USDT", fee))
        self._post("trade", *legs)
        position = self._open(wallet, base)
        if position is None:
            position = Position(
                owner=self.owner, wallet=self.wallets[wallet], instrument=make_instrument(base), quantity=0,
                entry_quantity=0, entry_price=D(price), opened_at=clock.now(),
            )  # fmt: skip
        paid = position.quantity * position.entry_price + cost
        position.entry_quantity += size
        position.quantity += size
        position.entry_price = paid / position.quantity
        position.fees += D(fee)
        position.realized_pnl -= D(fee)
        position.traded_at = clock.now()
        position.save()

    def sell(self, wallet: str, quantity: str, price: str, *, fee: str = "0", base: str = "BTC") -> None:
        size, proceeds = D(quantity), D(quantity) * D(price)
        legs = [
            self._leg(wallet, "wallet", wallet, "clearing", base, size),
            self._leg(wallet, "clearing", wallet, "wallet", "USDT", proceeds),
        ]
        if D(fee):
            legs.append(self._leg(wallet, "wallet", wallet, "fees", "USDT", fee))
        self._post("trade", *legs)
        position = self._open(wallet, base)
        assert position is not None
        position.quantity -= size
        position.fees += D(fee)
        position.realized_pnl += (D(price) - position.entry_price) * size - D(fee)
        if position.quantity == 0:
            position.closed_at = clock.now()
            position.exit_price = D(price)
        position.traded_at = clock.now()
        position.save()

    def derive(
        self, profit: str | Decimal, *, base: str = "BTC", side: str = "long", contracts: str = "1", size: str = "1",
        entry: str = "100", mark: str = "100", settle: str = "USDT", at: datetime | None = None, **told: Any,
    ) -> VenuePosition:  # fmt: skip
        """A derivative that is open at the venue, as a sync wrote it down: one per base, side and settle asset."""
        figures: dict[str, Any] = {
            "owner": self.owner, "base": base, "settle": settle, "quantity": D(contracts), "contract_size": D(size),
            "entry_price": D(entry), "mark_price": D(mark), "unrealized_pnl": D(profit), "at": at or clock.now(),
            **told,
        }  # fmt: skip
        position, _ = VenuePosition.objects.update_or_create(
            connection=self.connection, symbol=f"{base}/{settle}:{settle}", side=side, defaults=figures
        )
        return position

    def _open(self, wallet: str, base: str) -> Position | None:
        return Position.objects.filter(
            wallet=self.wallets[wallet], instrument=make_instrument(base), closed_at=None
        ).first()

    def _leg(
        self, source: str, source_kind: str, target: str, target_kind: str, asset: str, amount: str | Decimal
    ) -> Leg:
        return Leg(
            AccountRef(self.wallets[source].pk, asset, source_kind),
            AccountRef(self.wallets[target].pk, asset, target_kind),
            D(amount),
        )

    def _post(self, kind: str, *legs: Leg) -> None:
        post(owner_id=self.owner.pk, key=f"{kind}-{self.keys()}", kind=kind, legs=legs)
