"""Connections: how healthy the owner's accounts at platforms are, and syncing them on demand with visible progress."""

from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.decimals import parse, plain
from kit.errors import ConflictError, MoniqoError
from kit.forms import explain
from kit.http import HtmxRequest, missing_is_404, owner_of, page_or_part
from wallets.connections.forms import NameForm
from wallets.models import Platform, Reconciliation, Wallet
from wallets.sync.health import ConnectionHealth, connection_health
from wallets.sync.runs import request_sync
from wallets.sync.suspense import assign_suspense
from wallets.sync.unassigned import claim
from wallets.venues.accounts import rename_connection, set_connection_state
from wallets.venues.capabilities import OPERATIONS, capabilities_of
from wallets.venues.registry import ADAPTERS

PAGE = "wallets/connections.html"


@login_required
@require_GET
def connections(request: HttpRequest) -> HttpResponse:
    """All of the owner's connections, those that need somebody first."""
    return render(request, PAGE, {"connections": connection_health(owner_id=owner_of(request))})


@login_required
@require_GET
def venues(request: HttpRequest) -> HttpResponse:
    """Which operation works at which venue that is offered here, with what to know about it."""
    offered = Platform.objects.filter(is_active=True, adapter__in=ADAPTERS).order_by("-is_paper", "name")
    told = [
        {
            "slug": platform.slug,
            "name": platform.name,
            "operations": [
                {"label": OPERATIONS[name], "works": can.works, "note": can.note}
                for name, can in capabilities_of(platform.slug).items()
            ],
        }
        for platform in offered
    ]
    return render(request, "wallets/venues.html", {"venues": told})


@login_required
@require_GET
def connection(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """One connection; its card alone for a live update."""
    return _card(request, _health(request, pk))


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a connection another name; the page leads to archiving it too."""
    found = _health(request, pk).connection
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": found.name}, label_suffix="")
    if form.is_valid():
        try:
            done = rename_connection(owner_id=owner_of(request), connection_id=pk, **form.cleaned_data)
        except MoniqoError as error:
            explain(form, error, otherwise="name")
        else:
            messages.success(request, f"{done.name} is saved.")
            return redirect("wallets:connections")
    context = {"form": form, "connection": found}
    return render(request, "wallets/connection_edit.html", context, status=422 if form.is_bound else 200)


@login_required
@require_GET
def archive(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what archiving a connection does; the button then does it."""
    found = _health(request, pk).connection
    title = f"Archive {found.name}"
    context = {
        "title": title,
        "text": (
            "It neither syncs nor trades from then on. Its wallets, their money and all history stay, and it can be "
            "made active again. It is refused while a position or an order under it is open."
        ),
        "verb": title,
        "danger": True,
        "action": reverse("wallets:connection-state", args=(pk,)),
        "hidden": (("state", found.State.ARCHIVED.value),),
        "cancel_url": reverse("wallets:connection-edit", args=(pk,)),
    }
    return render(request, "components/confirm_page.html", context)


@login_required
@require_POST
def change_state(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Pause or archive a connection, or make it active again."""
    try:
        with missing_is_404():
            changed = set_connection_state(
                owner_id=owner_of(request), connection_id=pk, state=request.POST.get("state", "")
            )
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("wallets:connections")
    if request.htmx:
        return _card(request, _health(request, pk))
    messages.success(request, f"{changed.name} is {changed.state} now.")
    return redirect("wallets:connections")


@login_required
@require_POST
def sync(request: HtmxRequest, pk: UUID) -> HttpResponse:
    """Start a sync, or watch the one that is under way."""
    try:
        with missing_is_404():
            request_sync(owner_id=owner_of(request), connection_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("wallets:connections")
    if request.htmx:
        return _card(request, _health(request, pk))
    messages.info(request, "The sync has started: this page shows how far it is.")
    return redirect("wallets:connections")


@login_required
@require_http_methods(["GET", "POST"])
def assign(request: HttpRequest, pk: UUID, asset: str) -> HttpResponse:
    """Explain what is in suspense as the master's money or loss: first what would change, then the change."""
    health = _health(request, pk)
    if request.method == "POST":
        try:
            key = f"assign:{request.POST.get('key', '')[:100]}"
            rows = Wallet.objects.filter(owner_id=owner_of(request), connection=pk)
            sent = request.POST.get("wallet", "")
            chosen = next((one for one in rows if str(one.pk) == sent), None)
            wallet_id = chosen.pk if chosen else None
            assign_suspense(
                owner_id=owner_of(request),
                connection_id=pk,
                asset=asset,
                key=key,
                wallet_id=wallet_id,
                expected=_amount(request.POST.get("amount", "")),
            )
            _look_again(request, pk)
            messages.success(request, f"{asset} is in the books of {chosen or 'the master wallet'} now.")
        except MoniqoError as error:
            messages.error(request, str(error))
        return redirect("wallets:connections")
    row = _latest(health, asset)
    context = {"health": health, "asset": asset, "row": row, "amount": row.unexplained, "key": uuid4()}
    context["exact"] = plain(row.unexplained)
    wallets = Wallet.objects.filter(owner_id=owner_of(request), connection=pk, archived_at=None)
    context["wallets"] = wallets.order_by("-parent", "created_at")
    return render(request, "wallets/assign.html", context)


@login_required
@require_POST
def assign_all(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take everything that no wallet claims into the master's books; what it cannot bear stays, and is said."""
    health = _health(request, pk)
    owner_id, taken = owner_of(request), []
    masters = Wallet.objects.filter(owner_id=owner_id, connection=pk, role=Wallet.Role.MASTER, archived_at=None)
    master = masters.order_by("created_at").first()
    if master is None:
        raise Http404("There is no master wallet.")
    for row in (row for row in health.unclaimed if row.is_bookable):
        key = f"{row.run_id}:{row.asset}"  # pressed twice it is done once
        asked: dict[str, Any] = {
            "owner_id": owner_id, "connection_id": pk, "asset": row.asset, "wallet_id": master.pk
        }  # fmt: skip
        try:
            if row.unassigned:
                claim(**asked, amount=row.unassigned, key=f"claim:{key}")
            if row.unexplained:
                assign_suspense(**asked, expected=row.unexplained, key=f"assign:{key}")
            taken.append(row.asset)
        except MoniqoError as error:
            messages.error(request, f"{row.asset}: {error}")
    if taken:
        _look_again(request, pk)
        messages.success(request, f"In the master wallet's books now: {', '.join(taken)}.")
    return redirect("wallets:connection", pk=pk)


def _amount(text: str) -> Decimal | None:
    """What a page showed; None where it did not say."""
    try:
        return parse(text) if text else None
    except ValueError:
        return None


def _look_again(request: HttpRequest, pk: UUID) -> None:
    """Sync, so that the page says what is left; a paused connection is synced when it is active again."""
    with suppress(ConflictError):
        request_sync(owner_id=owner_of(request), connection_id=pk)


def _health(request: HttpRequest, pk: UUID) -> ConnectionHealth:
    found = connection_health(owner_id=owner_of(request), connection_id=pk)
    if not found:
        raise Http404("There is no such connection.")
    return found[0]


def _latest(health: ConnectionHealth, asset: str) -> Reconciliation:
    """The newest look at the asset, when it left something unexplained."""
    for row in health.unexplained:
        if row.asset == asset:
            return row
    raise Http404("Nothing of this asset is unexplained.")


def _card(request: HtmxRequest, health: ConnectionHealth) -> HttpResponse:
    return page_or_part(request, PAGE, "card", {"connections": (health,), "health": health})
