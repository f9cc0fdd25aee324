"""The pages of the emergency stop, and of what a halted wallet still does."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import TextField, explain
from kit.http import missing_is_404, owner_of
from trading import services
from trading.models import EmergencyStop
from wallets.hierarchy import places


class ProtectionForm(forms.Form):
    """Whether stops go on in the wallet while it is halted; to end that a sentence is typed."""

    words = TextField(label="In words", max_length=200, required=False)


@login_required
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say what a stop with the chosen policy would do; the button then begins it."""
    owner_id = owner_of(request)
    policies = dict(EmergencyStop.Policy.choices)
    asked = request.POST if request.method == "POST" else request.GET
    policy = asked.get("policy", "")
    policy = policy if policy in policies else EmergencyStop.Policy.FLATTEN.value
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    try:
        if request.method == "POST":
            services.stop(owner_id=owner_id, wallet_id=pk, policy=policy)
            messages.success(request, f"The stop of {wallet.name} has begun: this page says how far it is.")
            return redirect(f"{request.path}?policy={policy}")
        preview = services.preview_stop(owner_id=owner_id, wallet_id=pk, policy=policy)
    except MoniqoError as error:
        messages.error(request, str(error))
        return redirect("wallets:wallet", pk=pk)
    stops = EmergencyStop.objects.filter(owner_id=owner_id, wallet=wallet)[:5]
    context = {"wallet": wallet, "preview": preview, "policy": policy, "policies": policies.items(), "stops": stops}
    return render(request, "trading/stop.html", context)


@login_required
@require_POST
def call_off(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End a stop that is under way where it is."""
    with missing_is_404():
        found = services.call_off(owner_id=owner_of(request), stop_id=pk)
    messages.success(request, f"It is {found.get_status_display().lower()}: {found.wallet.name} only reduces.")
    return redirect("trading:stop", pk=found.wallet_id)


@login_required
@require_http_methods(["GET", "POST"])
def protection(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Whether protective exits go on while the wallet is halted; ending that takes a typed sentence."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    form = ProtectionForm(request.POST if request.method == "POST" else None, label_suffix="")
    if not wallet.protects_in_halt:
        del form.fields["words"]
    if form.is_valid():
        try:
            places.set_protection(
                owner_id=owner_id,
                wallet_id=pk,
                protects=not wallet.protects_in_halt,
                words=form.cleaned_data.get("words", ""),
            )
        except MoniqoError as error:
            explain(form, error)
        else:
            messages.success(request, f"What {wallet.name} does while it is halted is changed.")
            return redirect(request.path)
    sentence = places.unprotected_words(wallet)
    if wallet.protects_in_halt:
        title, verb = f"Stops of {wallet.name} while it is halted", "Let them go"
        text = (
            "A halt ends decisions and not protection: stops and targets are carried out in a halted wallet too. To "
            f"end that, type: {sentence}"
        )
    else:
        title, verb = f"{wallet.name} is unprotected while it is halted", "Protect it again"
        text = "Its owner said so. Stops and targets of everything below it are not carried out while it is halted."
    context = {"form": form, "title": title, "text": text, "verb": verb, "danger": wallet.protects_in_halt}
    context["cancel_url"] = reverse("trading:stop", args=(pk,))
    return render(request, "components/form_page.html", context, status=422 if form.is_bound else 200)
