"""The page of a wallet's rules: what they would do now, what they did and why, switching them, making one."""

from dataclasses import dataclass
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from kit.errors import MoniqoError
from kit.forms import explain
from kit.http import missing_is_404, owner_of
from wallets.hierarchy import places, rules
from wallets.models import RuleRun, Wallet, WalletRule

RUNS_SHOWN = 10


class RuleForm(forms.Form):
    """One of the rules that there are."""

    rule = forms.ChoiceField(
        label="Rule",
        choices=(
            (WalletRule.Kind.DISTRIBUTE.value, "Share out what comes in, to what is below by its targets"),
            (WalletRule.Kind.RESERVE.value, "Keep the minimum balance, from what is below"),
            *(
                (f"{WalletRule.Kind.SWEEP.value}:{every.value}", f"Sweep up: {every.label.lower()}")
                for every in WalletRule.Every
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule with its newest runs and what it would do now that it has not done."""

    rule: WalletRule
    runs: list[RuleRun]
    now: list[rules.Reason]


@login_required
@require_http_methods(["GET", "POST"])
def rules_of(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All rules of a wallet; sending the form makes one more, or switches it on again."""
    owner_id = owner_of(request)
    with missing_is_404():
        wallet = places.get_wallet(owner_id=owner_id, wallet_id=pk)
    form = RuleForm(request.POST or None, label_suffix="")
    if form.is_valid():
        kind, _, every = form.cleaned_data["rule"].partition(":")
        try:
            made = rules.make_rule(owner_id=owner_id, wallet_id=pk, kind=kind, every=every)
        except MoniqoError as error:
            explain(form, error, otherwise="rule", renamed={"kind": "rule", "every": "rule"})
        else:
            messages.success(request, f"{made} is on: {wallet.name} is looked at every minute.")
            return redirect("wallets:rules", pk=pk)
    found = WalletRule.objects.filter(owner_id=owner_id, wallet=pk).select_related("wallet")
    context = {"wallet": wallet, "form": form, "shown": [_shown(rule) for rule in found]}
    return render(request, "wallets/rules.html", context, status=422 if form.is_bound else 200)


@login_required
@require_POST
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """On or off."""
    with missing_is_404():
        rule = rules.switch_rule(owner_id=owner_of(request), rule_id=pk, is_on=request.POST.get("is_on") == "on")
    messages.success(request, f"{rule} is {'on' if rule.is_on else 'off'}.")
    return redirect("wallets:rules", pk=rule.wallet_id)


def _shown(rule: WalletRule) -> Shown:
    runs = list(RuleRun.objects.filter(rule=rule).select_related("allocation")[:RUNS_SHOWN])
    reasons = rules.would_do(rule) if rule.wallet.archived_at is None and rule.wallet.role != Wallet.Role.AGENT else []
    done = set(RuleRun.objects.filter(rule=rule, key__in=[one.key for one in reasons]).values_list("key", flat=True))
    return Shown(rule, runs, [one for one in reasons if one.key not in done])
