"""The page of candles: what is fetched from public exchanges, how far it is, and what is missing."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from farms.laboratory.downloading import cancel_download, download_row, downloads, request_download
from kit import clock, days
from kit.errors import MoniqoError
from kit.forms import TextField, explain
from kit.http import HtmxRequest, missing_is_404, owner_of, vary
from kit.paging import Pages
from markets.bounds import SYMBOL_LENGTH
from markets.models import Timeframe

SHOWN: Final = 25
USUAL_DAYS: Final = 365


class DownloadForm(forms.Form):
    """A market's past; days are the reader's."""

    exchange = forms.ChoiceField()
    symbol = TextField(max_length=SYMBOL_LENGTH, label="Market", help_text="As BASE/QUOTE, such as BTC/USD.")
    timeframe = forms.ChoiceField(choices=Timeframe.choices, initial=Timeframe.H1)
    since = forms.DateField(label="First day", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty for up to now.",
    )

    def __init__(self, given: QueryDict | None) -> None:
        super().__init__(given, initial={"since": days.day_of(clock.now() - timedelta(days=USUAL_DAYS))})
        field = self.fields["exchange"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [(name, name.capitalize()) for name in settings.DOWNLOAD_EXCHANGES]


@login_required
@require_http_methods(["GET", "POST"])
def candles(request: HtmxRequest) -> HttpResponse:
    """Ask for candles, and those that were asked for, newest first."""
    form = DownloadForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        try:
            request_download(
                owner_id=owner_of(request),
                exchange=given["exchange"],
                symbol=given["symbol"],
                timeframe=given["timeframe"],
                since=days.begins(given["since"]),
                until=days.ends(given["until"]) if given["until"] else None,
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            return redirect("laboratory:candles")
    page = Pages(downloads(owner_id=owner_of(request)), SHOWN).get_page(request.GET.get("page"))
    rows = [download_row(one) for one in page.object_list]
    context = {"form": form, "page": page, "rows": rows, "is_open": any(row.is_open for row in rows)}
    return vary(render(request, "laboratory/candles.html", context, status=422 if form.is_bound else 200))


@login_required
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End it before it is done."""
    try:
        with missing_is_404():
            cancel_download(owner_id=owner_of(request), download_id=pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "It is cancelled. What was stored stays.")
    return redirect("laboratory:candles")
