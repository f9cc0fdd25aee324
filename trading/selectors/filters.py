"""The lists of orders, positions and trades: filtered, sorted and paged on the server.

Filters come from an address, so anything may stand there: what is not understood filters nothing. A sort is one of a
fixed list of keys, a minus in front of it means descending, and ties go newest first, then by key, so that pages never
repeat a row.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page
from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse

from kit import days
from kit.errors import InvalidInputError
from kit.paging import Pages
from kit.sentences import Sentence
from markets.models import Instrument
from trading.models import REFUSED, UNFINISHED_ONES, Order, Side
from wallets.hierarchy.places import subtree
from wallets.models import Wallet

PAGE_ROWS: Final = 50
EXPORT_ROWS: Final = 1000
UNFINISHED: Final = UNFINISHED_ONES


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Filters:
    """What to show. `wallet_id` includes everything funded by that wallet (of closed trades, as `closed_below`
    has it); `until` is the last day included; days are the reader's. `refused` says what is wrong with the days that
    were asked for: then every day is shown."""

    status: str = ""
    side: str = ""
    instrument_id: int | None = None
    wallet_id: UUID | None = None
    since: date | None = None
    until: date | None = None
    text: str = ""
    refused: Sentence | None = None

    @classmethod
    def parse(cls, given: Mapping[str, str]) -> "Filters":
        """The filters of an address: status, side, instrument, wallet, since, until, q."""
        status, side = given.get("status", ""), given.get("side", "")
        since, until, refused = _days(given)
        return cls(
            status=status if status in {UNFINISHED, REFUSED, *Order.Status.values} else "",
            side=side if side in Side.values else "",
            instrument_id=_parsed(int, given.get("instrument", "")),
            wallet_id=_parsed(UUID, given.get("wallet", "")),
            since=since,
            until=until,
            text=given.get("q", "").strip()[:100],
            refused=refused,
        )

    def times(self, field: str) -> Q:
        """Rows whose moment `field` lies within the days."""
        within = Q()
        if self.since:
            within &= Q(**{f"{field}__gte": days.begins(self.since)})
        if self.until:
            within &= Q(**{f"{field}__lt": days.ends(self.until)})
        return within

    def place(self, of: Callable[[Collection[UUID]], Q] | None = None) -> Q:
        """Rows of the instrument and the wallet: `of` says which are those of a wallet, `below` unless given."""
        within = Q()
        if self.instrument_id is not None:
            within &= Q(instrument_id=self.instrument_id)
        if self.wallet_id is not None:
            within &= (of or below)([self.wallet_id])
        return within


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One page of rows and how it came about. `page.object_list` holds the rows."""

    page: "Page[Row]"
    sort: str
    filters: Filters

    @property
    def rows(self) -> Sequence[Row]:
        return list(self.page.object_list)


def understood(
    names: Collection[str], given: Mapping[str, str], choices: Mapping[str, list[tuple[str, str]]]
) -> dict[str, str]:
    """Those of the `names` in an address that filter something: what is not understood is neither used nor shown."""
    written = {name: value for name in names if (value := given.get(name, "").strip())}
    read = Filters.parse(written)
    offered = {name: {value for value, _ in listed} for name, listed in choices.items()}
    meant = {"status": read.status, "side": read.side, "since": read.since, "until": read.until, "q": read.text}
    return {
        name: value
        for name, value in written.items()
        if (value in offered[name] if name in offered else bool(meant[name]))
    }


def filter_choices(*, owner_id: UUID) -> dict[str, list[tuple[str, str]]]:
    """What the filters of a page offer: wallets and the instruments that were traded; two queries."""
    wallets = Wallet.objects.filter(owner_id=owner_id).order_by("name").values_list("pk", "name")
    traded = Exists(Order.objects.filter(owner_id=owner_id, instrument_id=OuterRef("pk")))
    instruments = Instrument.objects.filter(traded).order_by("symbol").values_list("pk", "symbol")
    return {
        "wallet": [(str(pk), name) for pk, name in wallets],
        "instrument": [(str(pk), symbol) for pk, symbol in instruments],
    }


def _days(given: Mapping[str, str]) -> tuple[date | None, date | None, Sentence | None]:
    """The days of an address, or none of them and what is wrong with them."""
    try:
        since, until = (days.read(given.get(name, ""), name=name) for name in ("since", "until"))
        days.check(since, until, names=("since", "until"))
    except InvalidInputError as error:
        return None, None, error.sentence
    return since, until, None


def is_no_day(text: str) -> bool:
    try:
        days.read(text, name="day")
    except InvalidInputError:
        return True
    return False


def _parsed(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def about(text: str, *fields: str) -> Q:
    found = Q()
    if text:
        found |= Q(instrument__symbol__icontains=text) | Q(wallet__name__icontains=text)
        for field in fields:
            found |= Q(**{f"{field}__icontains": text})
    return found


def newest(rows: QuerySet[Any], wallet_ids: Collection[UUID] | None, *, by: str, limit: int) -> QuerySet[Any]:
    """The last `limit` of the rows by the moment `by`, of these wallets and below them if given.

    The newest of each wallet are found first, by its own index: among the rows of all wallets those of one that is
    seldom heard of may lie anywhere.
    """
    if wallet_ids is not None:
        table = rows.model._meta.db_table
        statement = f"""
            {table}.id = ANY (ARRAY(
                SELECT row.id FROM wallet_subtree(%s) AS branch CROSS JOIN LATERAL (
                    SELECT id, {by} AS moment FROM {table}
                    WHERE wallet_id = branch.wallet_id AND {by} IS NOT NULL ORDER BY {by} DESC LIMIT %s
                ) AS row
                ORDER BY row.moment DESC LIMIT %s
            ))
        """  # noqa: S608 - names of our own
        given = [list(wallet_ids), limit, limit]
        rows = rows.filter(RawSQL(statement, given, output_field=BooleanField()))  # noqa: S611 - as above
    return rows.order_by(f"-{by}", "-pk")[:limit]


def known(sort: str, sorts: Mapping[str, Any], default: str) -> str:
    return sort if sort.removeprefix("-") in sorts else default


def in_order(rows: QuerySet[Any], sorts: Mapping[str, Any], sort: str, *, newest: str) -> QuerySet[Any]:
    expression = sorts[sort.removeprefix("-")]
    return rows.order_by(expression.desc() if sort.startswith("-") else expression.asc(), f"-{newest}", "-pk")


def listing(
    rows: QuerySet[Any],
    sorts: Mapping[str, Any],
    sort: str,
    page: Any,
    filters: Filters,
    present: Callable[[Any], Row],
    *,
    newest: str,
) -> Listing[Row]:
    found = Pages(in_order(rows, sorts, sort, newest=newest), PAGE_ROWS).get_page(page)
    found.object_list = [present(row) for row in found.object_list]
    return Listing(found, sort, filters)


def place(farm: str, wallet: str) -> str:
    """`Farm · Agent`, or the wallet alone where nothing is above it."""
    return f"{farm} · {wallet}" if farm else wallet


def orders_address(
    wallet_id: UUID, instrument_id: int, *, since: datetime | None = None, until: datetime | None = None
) -> str:
    """The page of a wallet's orders in one instrument, within the days of a position."""
    given = (("since", since), ("until", until))
    within = {name: f"{moment.astimezone(days.zone()):%Y-%m-%d}" for name, moment in given if moment}
    return f"{reverse('trading:orders')}?{urlencode({'wallet': wallet_id, 'instrument': instrument_id, **within})}"


def closed_below(wallet_ids: Collection[UUID]) -> Q:
    """Closed positions of these wallets and of those that then stood under them or what is below them now, as sums of
    trades count them: an agent's stay with the farm it leaves, a farm's go with it to another master."""
    return Q(wallet__in=wallet_ids) | Q(closed_under__in=subtree(wallet_ids))


def below(wallet_ids: Collection[UUID], path: str = "wallet") -> Q:
    """Rows of these wallets and of everything funded by them: a farm's agents, a master's farms and their agents."""
    return Q(**{f"{path}__in": subtree(wallet_ids)})
