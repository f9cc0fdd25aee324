"""The page of what changed the value: days, and their sums by week and by month. It works without JavaScript."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kit import days
from kit.errors import InvalidInputError
from kit.http import missing_is_404, owner_of
from portfolio.selectors.decomposition import Decomposition
from wallets.models import Connection, Wallet

# How the address names a connection, where a wallet is named by its id alone.
AT = "at-"


@login_required
@require_GET
def changes(request: HttpRequest) -> HttpResponse:
    """Of all wallets together, of the wallet or the connection that `?of=` names, between `?from=` and `?to=`."""
    owner_id, asked = owner_of(request), request.GET
    of = asked.get("of") or asked.get("wallet", "")
    refused = ""
    with missing_is_404(ValueError):
        scope: dict[str, Any] = {}
        if of:
            scope = {"connection_id": UUID(of[len(AT) :])} if of.startswith(AT) else {"wallet_id": UUID(of)}
        given = {"owner": request.user, **scope}
        try:
            window = {name: days.read(asked.get(name, ""), name=name) for name in ("from", "to")}
            found = Decomposition(**given, first=window["from"], last=window["to"], base=asked.get("base", ""))
        except InvalidInputError as error:
            found, refused = Decomposition(**given), str(error)
    wallets = Wallet.objects.filter(owner_id=owner_id, archived_at=None).order_by("role", "created_at")
    context = {
        "found": found,
        "refused": refused,
        "of": of,
        "wallets": list(wallets),
        "connections": list(Connection.objects.filter(owner_id=owner_id).order_by("name")),
    }
    return render(request, "decomposition/changes.html", context, status=422 if refused else 200)
