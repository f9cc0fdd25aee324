"""What the engine asks: the room that a farm leaves an entry, and whose work is due."""

from collections import defaultdict
from decimal import Decimal
from functools import cached_property
from uuid import UUID

from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from farms.engine.policy import Entries
from farms.models import Agent, Farm
from kit import clock
from markets.candles.reading import TIMEFRAME_MS, milliseconds
from markets.models import Candle, Instrument
from markets.prices import prices_in
from trading.models import Order, Position
from trading.models.orders import LEAVES
from wallets.models import Account, Wallet

ZERO = Decimal(0)


class FarmCapital:
    """What a farm is worth, what its agents have in each instrument and what its policy lets them enter, read when
    first asked for.

    Read once for all who enter at one bar: an order placed meanwhile is told to `bought`, so that the next one finds as
    much room as if everything had been read again. Lives under the farm's lock.
    """

    def __init__(self, farm: Farm) -> None:
        self.entries = Entries(farm)
        self._wallet_id = farm.wallet_id
        self._values: dict[tuple[str, str], Decimal] = {}

    def value(self, instrument: Instrument) -> Decimal:
        """All that the farm and its agents have, in the instrument's quote asset.

        Assets without a price count nothing, so that they never make room for an entry.
        """
        market = instrument.venue, instrument.quote
        if market not in self._values:
            totals = self._totals
            prices = prices_in(assets=totals, base=instrument.quote, venue=instrument.venue)
            worth = (total * prices[asset].price for asset, total in totals.items() if asset in prices)
            self._values[market] = sum(worth, ZERO)
        return self._values[market]

    def quantity(self, instrument: Instrument) -> Decimal:
        """What its agents hold of the instrument or are opening in it, long and short together, in base."""
        return self._quantities[instrument.pk]

    def bought(self, instrument: Instrument, quantity: Decimal) -> None:
        """An order of a member was placed that buys so much, in base."""
        self._quantities[instrument.pk] += quantity

    @cached_property
    def _quantities(self) -> dict[int, Decimal]:
        """Of all instruments at once: where many enter, each is asked about."""
        held = Position.objects.filter(wallet__in=self._wallets, closed_at__isnull=True)
        coming = Order.objects.unfinished().filter(~LEAVES, wallet__in=self._wallets)
        found: dict[int, Decimal] = defaultdict(Decimal)
        for instrument_id, quantity in (
            *held.values_list("instrument").annotate(total=Sum("quantity")).order_by(),
            *coming.values_list("instrument").annotate(total=Sum(F("quantity") - F("filled_quantity"))).order_by(),
        ):
            found[instrument_id] += quantity
        return found

    @cached_property
    def _wallets(self) -> list[UUID]:
        """The farm's and its agents', by which orders, positions and accounts are found: joined to the wallets above
        them, those of a table so young that the planner knows nothing of it are looked through once for every wallet.
        """
        own = Wallet.objects.filter(Q(pk=self._wallet_id) | Q(parent=self._wallet_id))
        return list(own.order_by().values_list("pk", flat=True))

    @cached_property
    def _totals(self) -> dict[str, Decimal]:
        balances = (
            Account.objects.filter(wallet__in=self._wallets, kind=Account.Kind.WALLET)
            .values_list("asset")
            .annotate(total=Sum("balance"))
            .filter(total__gt=0)
        )
        return dict(balances)


def due_agents() -> list[tuple[UUID, UUID]]:
    """(owner, agent) of every agent with a closed bar it has not run on; asked as the system role."""
    now = milliseconds(clock.now())
    length = Case(
        *(When(timeframe=timeframe, then=Value(ms)) for timeframe, ms in TIMEFRAME_MS.items()),
        output_field=IntegerField(),
    )
    newest = (
        Candle.objects.filter(
            instrument=Coalesce(OuterRef("instrument__prices_of"), OuterRef("instrument")),
            timeframe=OuterRef("timeframe"),
            ts__lte=now - OuterRef("length"),
        )
        .order_by("-ts")
        .values("ts")[:1]
    )
    return list(
        Agent.objects.filter(status=Agent.Status.RUNNING, farm__status=Farm.Status.RUNNING)
        .annotate(length=length)
        .annotate(newest=Subquery(newest))
        .filter(
            Q(last_bar__isnull=True) | Q(newest__gt=F("last_bar")) | Q(last_bar__gt=now),
            newest__gt=now - 2 * F("length"),
        )
        .order_by("newest", "created_at")
        .values_list("owner_id", "pk")
    )
