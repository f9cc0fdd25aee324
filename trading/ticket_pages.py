"""The order ticket: an order by hand is written down, reviewed as the gate sees it, and placed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from kit.decimals import plain
from kit.errors import InvalidInputError, MoniqoError, NotFoundError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from kit.sentences import quoted, sentence
from markets.models import Instrument
from trading import services
from trading.forms import TicketForm
from trading.models import Order
from trading.orders.intents import Terms
from trading.orders.terms import Limit, Trigger
from trading.positions.levels import NAMES
from trading.selectors import limits
from wallets.models import Wallet

BY_HAND = "Placed by hand."
SALT = "trading.ticket"
OLDEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Review:
    """What the order would do, and `order`, which places it as it stands: signed, so that it is that one or none."""

    preview: services.Preview
    order: str


@login_required
@require_http_methods(["GET", "POST"])
def ticket(request: HttpRequest) -> HttpResponse:
    """Choose a wallet, write the order down, review it, place it: one address, and nothing is placed unseen."""
    owner_id = owner_of(request)
    wallets = Wallet.objects.filter(owner_id=owner_id, archived_at=None).exclude(role__in=Wallet.IDLE)
    asked = request.POST.get("wallet") or request.GET.get("wallet", "")
    given = {name: request.GET.get(name, "") for name in ("symbol", "side") if request.GET.get(name)}
    if not asked:
        rows = wallets.order_by("parent__name", "name").values_list("pk", "parent__name", "name")
        choices = [(pk, f"{farm} · {name}" if farm else name) for pk, farm, name in rows]
        return render(request, "trading/ticket_wallet.html", {"choices": choices, "given": given})
    with missing_is_404():
        wallet = _wallet(owner_id, asked)
    if request.method == "POST" and request.POST.get("step") == "place":
        return _place(request, wallet)
    form = _form(wallet, request.POST if request.method == "POST" else None, given)
    review = None
    if form.is_valid():
        try:
            review = _review(form, wallet, _instrument(wallet, form.cleaned_data["symbol"]))
        except MoniqoError as error:
            explain(form, error)
    return _page(request, wallet, form, review, status=422 if form.errors else 200)


def _form(wallet: Wallet, said: QueryDict | None, given: dict[str, str]) -> TicketForm:
    """Where the market is spot, or no perpetual can be traded, nobody is asked for a leverage; who says one is told."""
    form = TicketForm(said, initial=given, label_suffix="")
    symbol = (given if said is None else said).get("symbol", "").strip().upper()
    perpetuals = Instrument.objects.filter(venue=wallet.connection.venue, kind=Instrument.Kind.PERPETUAL)
    asked = perpetuals.filter(symbol=symbol) if symbol else perpetuals.filter(is_active=True)
    is_said = said is not None and said.get("leverage", "").strip()
    if not is_said and not (wallet.connection.is_paper and asked.exists()):
        del form.fields["leverage"]
    return form


def _page(
    request: HttpRequest, wallet: Wallet, form: TicketForm, review: Review | None, *, wrong: str = "", status: int = 200
) -> HttpResponse:
    path = limits.wallet_limits(owner_id=wallet.owner_id, wallet_id=wallet.pk)
    offered = path.choices if path.allowed_symbols is None else path.allowed_symbols
    context: dict[str, Any] = {"form": form, "wallet": wallet, "review": review, "wrong": wrong}
    context |= {"offered": offered[:200], "obstacle": path.obstacle}
    return render(request, "trading/ticket.html", context, status=status)


def _wallet(owner_id: UUID, asked: str) -> Wallet:
    try:
        wallet_id = UUID(asked)
    except ValueError:
        raise NotFoundError("There is no such wallet.") from None
    rows = Wallet.objects.select_related("connection__platform", "parent").filter(owner_id=owner_id, archived_at=None)
    wallet = rows.filter(pk=wallet_id).exclude(role__in=Wallet.IDLE).first()
    if wallet is None:
        raise NotFoundError("There is no such wallet.")
    return wallet


def _instrument(wallet: Wallet, symbol: str) -> Instrument:
    found = Instrument.objects.filter(venue=wallet.connection.venue, symbol=symbol.strip().upper()).first()
    if found is None:
        told = f"{wallet.connection.name} does not list {symbol}."
        raise InvalidInputError(told, fields={"symbol": "Not listed at the wallet's venue."})
    return found


def _review(form: TicketForm, wallet: Wallet, instrument: Instrument) -> Review:
    """The order as it would be placed: its quantity is fixed from here on, whatever its size was said in."""
    said, limit, trigger = form.cleaned_data, form.limit(), form.trigger()
    quantity = services.quantity_of(
        wallet=wallet,
        instrument=instrument,
        side=said["side"],
        sizing_by=said["sizing_by"],
        size=form.size_now(),
        stop=said["exit_stop"],
        limit=limit,
        trigger=trigger,
        leverage=said.get("leverage") or Decimal(1),
    )
    if quantity <= 0:
        raise InvalidInputError("That is less than one lot: give more.", fields={"how_much": "Less than one lot."})
    told: dict[str, Any] = {name: None if level is None else plain(level) for name, level in form.levels().items()}
    told |= {"side": said["side"], "quantity": plain(quantity), "why": said["why"], "key": str(uuid4())}
    told |= {"reduce_only": said["reduce_only"], "limit": None if limit is None else _written(limit)}
    told |= {"trigger": None if trigger is None else _written_trigger(trigger)}
    told |= {"wallet": str(wallet.pk), "instrument": instrument.pk}
    leverage = said.get("leverage")
    told |= {"leverage": None if leverage is None else plain(leverage)}
    return _reviewed(told, wallet, instrument)


def _written(limit: Limit) -> dict[str, Any]:
    until = limit.expires_at
    return {
        "price": plain(limit.price),
        "time_in_force": limit.time_in_force,
        "expires_at": None if until is None else until.isoformat(),
        "post_only": limit.post_only,
    }


def _written_trigger(trigger: Trigger) -> dict[str, Any]:
    said = (trigger.price, trigger.trail, trigger.trail_share, trigger.target, trigger.atr)
    written = [None if one is None else plain(one) for one in said]
    return {"kind": trigger.kind, "said": written, "timeframe": trigger.timeframe}


def _read_trigger(told: dict[str, Any]) -> Trigger:
    price, trail, share, target, atr = (None if one is None else Decimal(one) for one in told["said"])
    return Trigger(told["kind"], price, trail, share, target, atr, told["timeframe"])


def _read(told: dict[str, Any]) -> Limit:
    until = told["expires_at"]
    moment = None if until is None else datetime.fromisoformat(until)
    return Limit(Decimal(told["price"]), told["time_in_force"], moment, told["post_only"])


def _reviewed(told: dict[str, Any], wallet: Wallet, instrument: Instrument) -> Review:
    preview = services.preview_order(wallet=wallet, instrument=instrument, terms=_terms(told))
    return Review(preview, signing.dumps(told, salt=SALT))


def _terms(told: dict[str, Any]) -> Terms:
    levels = {name: None if told[name] is None else Decimal(told[name]) for name in NAMES}
    why = sentence("{said}", said=quoted(told["why"])) if told["why"] else BY_HAND
    stop, target, trail = (levels[name] for name in NAMES)
    return Terms(
        told["side"],
        Decimal(told["quantity"]),
        why,
        reduce_only=told["reduce_only"],
        exit_stop=stop,
        exit_target=target,
        exit_trail=trail,
        limit=None if told["limit"] is None else _read(told["limit"]),
        trigger=None if told["trigger"] is None else _read_trigger(told["trigger"]),
        leverage=None if told["leverage"] is None else Decimal(told["leverage"]),
    )


def _place(request: HttpRequest, wallet: Wallet) -> HttpResponse:
    """Place what was reviewed, and nothing else that the request says."""
    back = f"{reverse('trading:ticket')}?wallet={wallet.pk}"
    try:
        told = signing.loads(request.POST.get("order", ""), salt=SALT, max_age=OLDEST)
    except signing.BadSignature:
        told = {}
    if told.get("wallet") != str(wallet.pk):
        messages.error(request, "Nothing was placed: write the order down and review it again.")
        return redirect(back)
    instrument, terms = Instrument.objects.get(pk=told["instrument"]), _terms(told)
    try:
        if not (wallet.connection.is_paper or request.POST.get("typed", "").strip() == wallet.name):
            review = _reviewed(told, wallet, instrument)
            form = _form(wallet, None, {"symbol": instrument.symbol, "side": terms.side})
            wrong = f"Type {wallet.name} as it is written."
            return _page(request, wallet, form, review, wrong=wrong, status=422)
        order: Order = services.place_order(
            wallet=wallet,
            instrument=instrument,
            side=terms.side,
            quantity=terms.quantity,
            key=f"page:{told['key']}",
            reason=terms.reason,
            reduce_only=terms.reduce_only,
            limit=terms.limit,
            trigger=terms.trigger,
            leverage=terms.leverage,
            exit_stop=terms.exit_stop,
            exit_target=terms.exit_target,
            exit_trail=terms.exit_trail,
        )
    except MoniqoError as error:
        messages.error(request, f"Nothing was placed. {error}")
        return redirect(back)
    if order.is_refused:
        messages.error(request, f"The gate refused the order: {order.refusal}")
    else:
        messages.success(request, "The order is on its way: this page says how it goes.")
    return redirect("trading:order", pk=order.pk)
