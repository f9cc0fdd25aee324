"""Positions, orders and trades: lists whose filters, order and page stand in the address, and the life of an order."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import tenancy
from kit.errors import ConflictError
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part
from trading import charts, exports, services
from trading.forms import FilterForm
from trading.models import REFUSED, Order
from trading.orders import states
from trading.selectors import filters as filtering
from trading.selectors import life
from trading.selectors.orders import list_orders
from trading.selectors.positions import PositionRow, list_positions, open_position
from trading.selectors.round_trips import round_trip
from trading.selectors.trades import list_trades, sum_trades

# What is said of a wish to cancel, where it is not the venue that is asked now.
ENDING: Final[Mapping[str, str]] = {
    states.SUBMITTING: "The order will be cancelled as soon as the venue has answered.",
    states.CANCELLED: "The order is cancelled: no venue had heard of it.",
}
LABELS = {"instrument": "Market", "since": "From", "until": "To", "q": "Text"}


@dataclass(frozen=True, slots=True)
class Page:
    """A list page: its template, how its rows are found, how they are exported, and the filters it offers; and what
    all of the rows come to, where they come to something."""

    template: str
    find: Callable[..., filtering.Listing[Any]]
    export: exports.Export
    filters: tuple[str, ...]
    total: Callable[..., Any] | None = None


PLACE, SPAN = ("instrument", "wallet"), ("since", "until")
ORDERS = Page("trading/orders.html", list_orders, exports.ORDERS, ("q", "status", "side", *PLACE, *SPAN))
POSITIONS = Page("trading/positions.html", list_positions, exports.POSITIONS, ("q", *PLACE))
TRADES = Page("trading/trades.html", list_trades, exports.TRADES, ("q", *PLACE, *SPAN), sum_trades)
# What an order's status is asked for by: the others stand in the filter.
TABS = (("", "All"), (filtering.UNFINISHED, "Open"), (Order.Status.FILLED.value, "Filled"), (REFUSED, "Refused"))


@login_required
@require_GET
def orders(request: HtmxRequest) -> HttpResponseBase:
    """Every order, refused ones included."""
    return _list(request, ORDERS)


@login_required
@require_GET
def positions(request: HtmxRequest) -> HttpResponseBase:
    """What is open now, at the last price."""
    return _list(request, POSITIONS)


@login_required
@require_GET
def trades(request: HtmxRequest) -> HttpResponseBase:
    """Round trips that are over."""
    return _list(request, TRADES)


@login_required
@require_GET
def order(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """The life of one order; the page's body alone for a live update."""
    with missing_is_404():
        found = life.order_life(owner_id=owner_of(request), order_id=pk)
    return page_or_part(request, "trading/order.html", "life", {"life": found, "log_days": settings.ORDER_LOG_DAYS})


@login_required
@require_GET
def position(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One position, open or closed: what it was made of and what it made; the body alone for a live update."""
    with missing_is_404():
        found = round_trip(owner_id=owner_of(request), position_id=pk)
    return page_or_part(request, "trading/position.html", "trip", {"found": found, "chart": charts.position(found)})


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask a worker to cancel the order."""
    try:
        with missing_is_404():
            order = services.request_cancellation(owner_id=owner_of(request), order_id=pk)
        messages.success(
            request, ENDING.get(order.status, "Cancellation asked for: the order shows what the venue says.")
        )
    except ConflictError as error:
        messages.warning(request, str(error))
    return redirect("trading:order", pk=pk)


@login_required
@require_http_methods(["GET", "POST"])
def close(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """GET reviews what leaving the position at the market would do, POST with the review's key does it."""
    owner_id = owner_of(request)
    with missing_is_404():
        position = open_position(owner_id=owner_id, position_id=pk)
    wrong = ""
    if request.method == "POST":
        if position.is_paper or request.POST.get("typed", "").strip() == position.wallet:
            return _close(request, position)
        wrong = f"Type {position.wallet} as it is written."
    context = {"position": position, "key": request.POST.get("key") or uuid4(), "wrong": wrong}
    return render(request, "trading/close.html", context, status=422 if wrong else 200)


def _close(request: HtmxRequest, position: PositionRow) -> HttpResponse:
    with missing_is_404():
        order = services.close_position(
            owner_id=owner_of(request), position_id=position.id, key=request.POST.get("key", "")
        )
    if order.is_refused:
        messages.error(request, f"The gate refused the order: {order.refusal}")
    else:
        does = "sold" if position.is_long else "bought back"
        messages.success(request, f"{position.symbol} is being {does} at the market: the order says how it goes.")
    return redirect("trading:order", pk=order.pk)


def _list(request: HtmxRequest, page: Page) -> HttpResponseBase:
    choices = filtering.filter_choices(owner_id=owner_of(request))
    given = filtering.understood(page.filters, request.GET, choices)
    typed = {name: request.GET.get(name, "").strip() for name in SPAN if name in page.filters}
    filters = filtering.Filters.parse(given | typed)
    asked = {"owner_id": owner_of(request), "filters": filters, "sort": request.GET.get("sort", "")}
    left_out = _left_out(page, request.GET, given)
    if request.GET.get("format") == "csv":
        if wrong := filters.refused or left_out:  # a file of everything would be taken for what was asked for
            return HttpResponse(str(wrong), status=422, content_type="text/plain; charset=utf-8")
        return _csv(request, page.export, asked)
    listing = page.find(**asked, page=request.GET.get("page"))
    context = {
        "listing": listing,
        "page": listing.page,
        "sort": listing.sort,
        "form": FilterForm(page.filters, choices, given | typed if filters.refused else given),
        "filters": _chips(given, choices, filters),
        "is_filtered": bool(given),
        "refused": filters.refused,
        "left_out": left_out,
        "csv": _csv_address(request),
        "shown": TABS,
        "status": filters.status,
        "total": page.total(owner_id=owner_of(request), filters=filters) if page.total else None,
    }
    return page_or_part(request, page.template, "list", context)


def _left_out(page: Page, asked: Mapping[str, str], given: Mapping[str, str]) -> str:
    """What is said of filters that name nothing there is; of days a sentence of their own stands beside them."""
    names = [name for name in page.filters if name not in SPAN and name not in given and asked.get(name, "").strip()]
    labels = ", ".join(LABELS.get(name, name.capitalize()).lower() for name in names)
    return f"There is nothing of that name, so it filters nothing: {labels}." if names else ""


def _chips(
    given: Mapping[str, str], choices: Mapping[str, list[tuple[str, str]]], filters: filtering.Filters
) -> list[tuple[str, str, str]]:
    """The filters that are on, in words; a status that a tab shows already is not said twice."""
    tabs = {value for value, _ in TABS}
    words = {"status": dict(FilterForm.STATUSES), "side": dict(FilterForm.SIDES)}
    words |= {name: dict(offered) for name, offered in choices.items()}
    return [
        (name, LABELS.get(name, name.capitalize()), words[name].get(value, value) if name in words else value)
        for name, value in given.items()
        if name != "status" or filters.status not in tabs
    ]


def _csv_address(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    query["format"] = "csv"
    return f"?{query.urlencode()}"


def _csv(request: HttpRequest, export: exports.Export, asked: Mapping[str, Any]) -> StreamingHttpResponse:
    """A download in pieces. The request's transaction is over when they are read, so each runs in one of its own."""

    def piece(start: int) -> tuple[str, int]:
        with tenancy.tenant(asked["owner_id"]):
            return export.piece(start=start, **asked)

    response = StreamingHttpResponse(
        _asynchronously(piece) if isinstance(request, ASGIRequest) else _pieces(piece),
        content_type="text/csv; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="{export.name}.csv"'
    return response


def _pieces(piece: Callable[[int], tuple[str, int]]) -> Iterator[str]:
    start = 0
    while True:
        text, found = piece(start)
        yield text
        if found < filtering.EXPORT_ROWS:
            return
        start += found


async def _asynchronously(piece: Callable[[int], tuple[str, int]]) -> AsyncIterator[str]:
    start = 0
    while True:
        text, found = await sync_to_async(piece)(start)
        yield text
        if found < filtering.EXPORT_ROWS:
            return
        start += found
