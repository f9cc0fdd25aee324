"""Preferences and the command palette. Every action works as a plain form; JavaScript only saves the page load."""

import re
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

import portfolio.services
from kit.http import HtmxRequest
from kit.users.models import User
from moniqo.ui import jump as finding
from moniqo.ui.context import frame
from moniqo.ui.forms import PreferencesForm

NEXT_THEME = {
    User.Theme.SYSTEM.value: User.Theme.DARK.value,
    User.Theme.DARK.value: User.Theme.LIGHT.value,
    User.Theme.LIGHT.value: User.Theme.DARK.value,
}


LONGEST_QUERY = 100
ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,200}")
# How the reasons of Django's middleware begin when a form did not come from this site, as far as it knows.
UNTRUSTED = ("Origin checking failed", "Referer checking failed - ")


def form_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Instead of Django's page for a form that failed its check; names the setting when its origin is the reason.

    Scripts find the sentence in `X-Refused`, because there is nothing on the page to swap.
    """
    origin = _origin(request) if reason.startswith(UNTRUSTED) else ""
    here = f"{request.scheme}://{request.get_host()}"
    answer = render(request, "403_csrf.html", {"origin": origin, "here": here}, status=HTTPStatus.FORBIDDEN)
    if origin:
        answer["X-Refused"] = f"Refused: {origin} is not trusted here. Its operator adds it to MONIQO_TRUSTED_ORIGINS."
    return answer


def _origin(request: HttpRequest) -> str:
    """Where the browser says that the form came from: scheme and host, nothing else that a client may write."""
    parts = urlsplit(request.headers.get("Origin") or request.headers.get("Referer") or "")
    found = f"{parts.scheme}://{parts.netloc}"
    return found if ORIGIN.fullmatch(found) else "an unknown address"


def _back(request: HttpRequest) -> HttpResponse:
    """To the page the form stood on, if it is one of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = reverse("ui:preferences")
    return redirect(target)


@login_required
@require_POST
def privacy(request: HttpRequest) -> HttpResponse:
    """Hide amounts, or show them again. The masking happens here on the server, so the page is loaded anew."""
    user = cast("User", request.user)
    user.privacy = request.POST.get("hide") == "1"
    user.save(update_fields=["privacy"])
    return _back(request)


@login_required
@require_POST
def theme(request: HtmxRequest) -> HttpResponse:
    """Store the named theme; without a name the next one, which is what the button does without JavaScript."""
    user = cast("User", request.user)
    wanted = request.POST.get("theme", "")
    user.theme = wanted if wanted in User.Theme.values else NEXT_THEME[user.theme]
    user.save(update_fields=["theme"])
    return HttpResponse(status=204) if request.htmx else _back(request)


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Name, time zone, theme, palette and shortcuts."""
    form = PreferencesForm(request.POST or None, instance=cast("User", request.user))
    if request.method == "POST" and form.is_valid():
        user = form.instance
        # Only what was changed: to write the address too, though it is the same, would keep everybody from the row
        # who writes something of its owner's.
        user.save(update_fields=form.changed_data)
        if "base_currency" in form.changed_data:
            portfolio.services.begin_history(owner_id=user.pk)
            portfolio.services.request_sync(owner_id=user.pk)  # which looks for what leads to it
        if "timezone" in form.changed_data:
            portfolio.services.request_days(owner_id=user.pk)
        messages.success(request, f"Preferences saved.{_begun(form)}")
        return redirect("ui:preferences")
    return render(request, "ui/preferences.html", {"form": form}, status=422 if form.errors else 200)


def _begun(form: PreferencesForm) -> str:
    """What a change of the base currency means for the pages that follow."""
    if "base_currency" not in form.changed_data:
        return ""
    was, now = form.initial["base_currency"], form.cleaned_data["base_currency"]
    return (
        f" The fund's history in {now} is worked out from its books, as far back as the prices of then are known; what "
        f"it had in {was} comes back when you change back. Wallets and farms stay in the asset that their money is "
        "kept in, goals under way in the one that they were set in, and say so."
    )


@login_required
@require_GET
def jump(request: HtmxRequest) -> HttpResponse:
    """The command palette: what is found, and what can be done with it. A page of its own without htmx."""
    query = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    back = (request.htmx and request.htmx.current_url_abs_path) or request.get_full_path()
    context = {"query": query, "groups": finding.jump(user=cast("User", request.user), text=query, back=back)}
    return render(request, "ui/jump.html#palette" if request.htmx else "ui/jump.html", context)


@login_required
def pulse(request: HtmxRequest) -> HttpResponse:
    """The age of the data and the counters of the sidebar, fetched when a live event says that they changed."""
    return render(request, "ui/pulse.html", frame(request.htmx.current_url_abs_path or ""))
