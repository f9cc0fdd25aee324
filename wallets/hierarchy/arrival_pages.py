"""What arrives at an account and leaves it: what is unassigned, who takes it in, and what the venue told of."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from kit import display
from kit.decimals import parse, plain
from kit.errors import MoniqoError
from kit.http import missing_is_404, owner_of
from wallets.models import Account, Connection, VenueIncome, VenueMovement, Wallet
from wallets.sync import arriving
from wallets.sync.derivatives import give_derivatives
from wallets.sync.positions import has_positions
from wallets.sync.unassigned import claim, unassigned_wallet
from wallets.venues.accounts import get_connection
from wallets.venues.capabilities import capabilities_of

MOVEMENTS_SHOWN = 50


class _Choice(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's takes none when it runs
    """A wallet of the account, in the words of `verb`."""

    def __init__(self, verb: str, **kwargs: Any) -> None:
        super().__init__(Wallet.objects.none(), required=False, **kwargs)
        self.verb = verb

    def label_from_instance(self, wallet: Wallet) -> str:
        return f"{self.verb} {wallet.name}"


class ArrivalForm(forms.Form):
    """Which wallets take in deposits and bear withdrawals by themselves; none asks each time."""

    deposits_to = _Choice("Take it into", label="A deposit", empty_label="Ask me: it is unassigned until I say")
    withdrawals_from = _Choice(
        "Take it from", label="A withdrawal", empty_label="Ask me, unless it was unassigned money"
    )

    def __init__(self, data: Any, *, connection: Connection) -> None:
        given = {"deposits_to": connection.deposits_to_id, "withdrawals_from": connection.withdrawals_from_id}
        super().__init__(data, initial=given, label_suffix="")
        rows = arriving.tradable_wallets(connection.owner_id, connection.pk)
        for name in given:
            self.fields[name].queryset = rows  # type: ignore[attr-defined]  # both are choices of wallets


class DerivativesForm(forms.Form):
    """Whose the account's derivatives are."""

    wallet = _Choice("They are those of", label="Derivatives", empty_label="Nobody's: they are unassigned")

    def __init__(self, data: Any, *, connection: Connection) -> None:
        super().__init__(data, initial={"wallet": connection.derivatives_to_id}, label_suffix="")
        rows = arriving.tradable_wallets(connection.owner_id, connection.pk)
        self.fields["wallet"].queryset = rows  # type: ignore[attr-defined]  # it is a choice of wallets


@dataclass(frozen=True, slots=True)
class Unassigned:
    """So much of an asset that no wallet claims; `exact` is every digit of it, none while amounts are hidden."""

    asset: str
    amount: Decimal

    @property
    def exact(self) -> str:
        return "" if display.current().hide_amounts else plain(self.amount)


@login_required
@require_http_methods(["GET", "POST"])
def arrivals(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show all of it; sending the form says what is done from now on."""
    owner_id = owner_of(request)
    with missing_is_404():
        connection = get_connection(owner_id=owner_id, connection_id=pk)
    form = ArrivalForm(request.POST if request.method == "POST" else None, connection=connection)
    if form.is_valid():
        chosen = {name: wallet and wallet.pk for name, wallet in form.cleaned_data.items()}
        try:
            arriving.set_arrivals(owner_id=owner_id, connection_id=pk, **chosen)
        except MoniqoError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"From now on {connection.name} does as you say.")
        return redirect("wallets:arrivals", pk=pk)
    own = unassigned_wallet(pk)
    rows = (
        Account.objects.filter(wallet=own, kind=Account.Kind.WALLET, balance__gt=0) if own else Account.objects.none()
    )
    context = {
        "connection": connection,
        "form": form,
        "derivatives": DerivativesForm(None, connection=connection) if has_positions(connection.platform) else None,
        "told": capabilities_of(connection.platform_id)["movements"],
        "unassigned": [Unassigned(row.asset, row.available) for row in rows.order_by("asset")],
        "wallets": list(arriving.tradable_wallets(owner_id, pk)),
        "key": uuid4(),
        "moved": VenueMovement.objects.filter(connection=pk).select_related("wallet")[:MOVEMENTS_SHOWN],
        "income": VenueIncome.objects.filter(connection=pk).select_related("wallet", "posting")[:MOVEMENTS_SHOWN],
        "income_told": capabilities_of(connection.platform_id)["income"],
    }
    return render(request, "wallets/arrivals.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def derivatives(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say whose the account's derivatives are."""
    owner_id = owner_of(request)
    with missing_is_404():
        connection = get_connection(owner_id=owner_id, connection_id=pk)
    form = DerivativesForm(request.POST, connection=connection)
    if not form.is_valid():
        messages.error(request, "Choose one of the account's wallets.")
        return redirect("wallets:arrivals", pk=pk)
    wallet = form.cleaned_data["wallet"]
    try:
        give_derivatives(owner_id=owner_id, connection_id=pk, wallet_id=wallet and wallet.pk)
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"The derivatives are {f'those of {wallet.name}' if wallet else 'unassigned'} now.")
    return redirect("wallets:arrivals", pk=pk)


@login_required
@require_POST
def take(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make unassigned money a wallet's: the amount that was shown, or all of it where none was."""
    owner_id = owner_of(request)
    with missing_is_404():
        get_connection(owner_id=owner_id, connection_id=pk)
    asset, key, amount = (request.POST.get(name, "")[:80] for name in ("asset", "key", "amount"))
    try:
        claim(
            owner_id=owner_id,
            connection_id=pk,
            asset=asset,
            wallet_id=UUID(request.POST.get("wallet", "")),
            key=f"claim:{key}:{asset}",
            amount=parse(amount) if amount else None,
        )
    except ValueError:
        messages.error(request, "Say how much, and into which wallet.")
    except MoniqoError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{asset} is in the books of its wallet now.")
    return redirect("wallets:arrivals", pk=pk)
