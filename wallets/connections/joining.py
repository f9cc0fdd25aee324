"""Connecting an account: which platform, its key, what the venue says of it; later another key, and making it live."""

from contextlib import suppress
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit import tenancy
from kit.errors import ConflictError, MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from wallets.connections.forms import KeyForm, LiveForm, PaperAccountForm
from wallets.connections.limits import limits_in_force
from wallets.models import Connection, Platform
from wallets.sync.runs import request_sync
from wallets.venues import joining
from wallets.venues.accounts import get_connection, open_paper_account, paper_venues

KEY_PAGE = "wallets/connection_key.html"


@login_required
@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """What can be connected."""
    return render(request, "wallets/connection_choose.html", {"platforms": joining.joinable()})


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """Open a paper account, or connect the account of a key; then its first sync starts."""
    with missing_is_404():
        platform = joining.platform_of(slug)
    return _paper(request) if platform.is_paper else _join(request, platform)


def _paper(request: HttpRequest) -> HttpResponse:
    form = PaperAccountForm(request.POST if request.method == "POST" else None, venues=paper_venues())
    if form.is_valid():
        try:
            made = open_paper_account(owner_id=owner_of(request), **form.cleaned_data)
        except MoniqoError as error:
            explain(form, error, otherwise="name" if isinstance(error, ConflictError) else None)
        else:
            _first_sync(request, made, f"{made.name} is open. Say what may be bought through it.")
            return redirect("trading:first-limits", pk=made.pk)
    return render(request, "wallets/connection_create.html", {"form": form}, status=422 if form.is_bound else 200)


def _join(request: HttpRequest, platform: Platform) -> HttpResponse:
    form = KeyForm(request.POST if request.method == "POST" else None, platform=platform, name=platform.name)
    if form.is_valid():
        try:
            made = joining.join(
                owner_id=owner_of(request),
                platform=platform,
                name=form.cleaned_data["name"],
                credentials=form.credentials,
                accept_withdrawals=form.cleaned_data[joining.INSIST],
            )
        except MoniqoError as error:
            _explain(form, error)
        else:
            _first_sync(request, made, f"{made.name} is connected and watched. Its first sync is under way.")
            return redirect("trading:first-limits", pk=made.pk)
    context = {
        "form": form,
        "platform": platform,
        "title": f"Connect {platform.name}",
        "verb": "Try the key and connect",
        "back": reverse("wallets:connection-create"),
    }
    return render(request, KEY_PAGE, context, status=422 if form.is_bound else 200)


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def replace(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give a connection another key of the same account."""
    found = _connection(request, pk)
    form = KeyForm(request.POST if request.method == "POST" else None, platform=found.platform)
    if form.is_valid():
        try:
            joining.replace_key(
                owner_id=owner_of(request),
                connection_id=pk,
                credentials=form.credentials,
                accept_withdrawals=form.cleaned_data[joining.INSIST],
            )
        except MoniqoError as error:
            _explain(form, error)
        else:
            _first_sync(request, found, f"{found.name} uses the new key, and is only watched until you make it live.")
            return redirect("wallets:connection", pk=pk)
    context = {
        "form": form,
        "platform": found.platform,
        "title": f"Another key for {found.name}",
        "verb": "Try the key and use it",
        "back": reverse("wallets:connection", args=(pk,)),
    }
    return render(request, KEY_PAGE, context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def try_key(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the venue about the stored key, and say what it says."""
    try:
        with missing_is_404():
            report = joining.try_connection(owner_id=owner_of(request), connection_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The key works. {report.detail}".strip())
    return redirect("wallets:connection", pk=pk)


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "POST"])
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let orders through: with the owner's password and the connection's name, typed."""
    found = _connection(request, pk)
    form = LiveForm(request.POST if request.method == "POST" else None, name=found.name)
    if form.is_valid():
        try:
            with tenancy.tenant(owner_of(request)):
                joining.make_live(user=request.user, connection_id=pk, **form.cleaned_data)  # type: ignore[arg-type]  # signed in
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"{found.name} is live: orders are sent to {found.platform.name}.")
            return redirect("wallets:connection", pk=pk)
    context = {"form": form, "connection": found, "limits": limits_in_force(found)}
    return render(request, "wallets/connection_live.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def watch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Send nothing more through a live connection."""
    try:
        with missing_is_404():
            found = joining.only_watch(owner_id=owner_of(request), connection_id=pk)
        messages.success(request, f"{found.name} is only watched now: nothing is sent through it.")
    except MoniqoError as error:
        messages.error(request, str(error))
    return redirect("wallets:connection", pk=pk)


def _connection(request: HttpRequest, pk: UUID) -> Connection:
    with missing_is_404():
        found = get_connection(owner_id=owner_of(request), connection_id=pk)
    if found.is_paper:
        raise Http404("A paper account has no key.")
    return found


def _first_sync(request: HttpRequest, connection: Connection, said: str) -> None:
    with suppress(ConflictError):  # a paused connection is synced when it is active again
        request_sync(owner_id=owner_of(request), connection_id=connection.pk)
    messages.success(request, said)


def _explain(form: KeyForm, error: MoniqoError) -> None:
    """Put the sentence where it belongs; each field of a refused key has its own."""
    problems = getattr(error, "fields", {})
    for name, told in problems.items():
        if name in form.fields:
            form.add_error(name, told)
    if joining.INSIST in problems:
        form.ask_to_insist()
    if not set(problems) & set(form.fields) or joining.INSIST in problems:
        form.add_error(None, str(error))
