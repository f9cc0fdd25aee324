"""One's own security: the password, the second factor and the tokens of programs."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kit.audit.selectors import calls_of, sum_calls
from kit.errors import ConflictError, InvalidInputError
from kit.forms import explain
from kit.http import client_address, missing_is_404, owner_of
from kit.sorting import in_order, understood
from kit.users import security, signals, tokens, two_factor
from kit.users.forms import CodeForm, PasswordChangeForm, PasswordForm, TokenForm
from kit.users.models import User

TOKEN_SORTS: Final[Mapping[str, Callable[[tokens.TokenRow], Any]]] = {
    "name": lambda token: token.name.casefold(),
    "used": lambda token: token.last_used_at,
    "ends": lambda token: token.expires_at,
    "status": lambda token: (not token.counts, token.status),
}


class PasswordChangeView(auth_views.PasswordChangeView):
    """A new password, which ends every token and all other sessions."""

    form_class = PasswordChangeForm

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        signals.note(form.user, "Password changed", actor=form.user)
        security.on_password_changed(form.user)
        return response


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    """The tokens of one's programs, and a form that makes one; its text is shown in this one answer."""
    user = cast("User", request.user)
    form = TokenForm(request.POST if request.method == "POST" else None, user=user)
    text = ""
    if form.is_valid():
        try:
            _, text = tokens.make_personal_token(
                user,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                lifetime=form.lifetime,
                maker=None,
                address=client_address(request),
                wallet_id=UUID(form.cleaned_data["wallet_id"]) if form.cleaned_data["wallet_id"] else None,
                asks_first=form.cleaned_data["asks_first"],
            )
        except InvalidInputError as error:
            explain(form, error)
        else:
            form = TokenForm(user=user)
    sort = understood(request.GET.get("sort", ""), TOKEN_SORTS)
    listed = in_order(tokens.list_tokens(owner_id=user.pk), TOKEN_SORTS, sort)
    context = {"form": form, "text": text, "tokens": listed, "sort": sort}
    return render(request, "users/tokens.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What a program called with the token through the protocols, how often in vain, and the end of it."""
    return _token(request, pk, PasswordForm(user=cast("User", request.user)))


def _token(request: HttpRequest, pk: UUID, form: PasswordForm) -> HttpResponse:
    owner_id = owner_of(request)
    with missing_is_404():
        row = tokens.find_row(owner_id=owner_id, token_id=pk)
    context = {
        "token": row,
        "sums": sum_calls(owner_id=owner_id, token_id=pk),
        "page": calls_of(owner_id=owner_id, token_id=pk, page=request.GET.get("page", "")),
        "kept_days": settings.CALL_DAYS,
        "form": form,
    }
    return render(request, "users/token.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@login_required
@require_POST
def let_ask_first(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have a token's program ask before it does anything; that it acts by itself again, the password is asked for."""
    asks_first = request.POST.get("asks_first") == "on"
    form = PasswordForm(request.POST, user=cast("User", request.user))
    if not asks_first and not form.is_valid():
        return _token(request, pk, form)
    try:
        with missing_is_404():
            token = tokens.let_ask_first(owner_id=owner_of(request), token_id=pk, asks_first=asks_first)
    except InvalidInputError as error:
        messages.error(request, str(error))
        return redirect("users:token", pk)
    messages.success(request, f"{token.name} {'asks you first' if asks_first else 'acts by itself'} from now on.")
    return redirect("users:token", token.pk)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: UUID) -> HttpResponse:
    """End one token at once."""
    with missing_is_404():
        token = tokens.revoke_token(owner_id=owner_of(request), token_id=pk)
    messages.success(request, f"{token.name} is revoked: what it signs in with counts no longer.")
    return redirect("users:tokens")


@never_cache
@login_required
@require_GET
def second_factor(request: HttpRequest) -> HttpResponse:
    """Whether it is on, and the next step."""
    return _second_factor(request)


@sensitive_post_parameters("password")
@login_required
@require_POST
def begin_second_factor(request: HttpRequest) -> HttpResponse:
    """A key for an authenticator app."""
    user = cast("User", request.user)
    form = PasswordForm(request.POST, user=user)
    if not form.is_valid():
        return _second_factor(request, begin=form)
    try:
        two_factor.begin(user)
    except ConflictError as error:
        messages.error(request, str(error))
    return redirect("users:two-factor")


@never_cache
@login_required
@require_POST
def confirm_second_factor(request: HttpRequest) -> HttpResponse:
    """The first code switches it on; the answer shows the recovery codes, once."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _second_factor(request, confirm=form)
    try:
        codes = two_factor.confirm(cast("User", request.user), form.cleaned_data["code"])
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("users:two-factor")
    except (InvalidInputError, two_factor.TooManyCodesError) as error:
        explain(form, error, otherwise="code")
        return _second_factor(request, confirm=form)
    return _second_factor(request, codes=codes)


@sensitive_post_parameters("password")
@never_cache
@login_required
@require_POST
def replace_recovery_codes(request: HttpRequest) -> HttpResponse:
    """Ten new recovery codes, shown in this one answer."""
    user = cast("User", request.user)
    form = PasswordForm(request.POST, user=user, prefix="codes")
    if not form.is_valid():
        return _second_factor(request, replace=form)
    try:
        return _second_factor(request, codes=two_factor.replace_codes(user))
    except ConflictError as error:
        messages.error(request, str(error))
        return redirect("users:two-factor")


@sensitive_post_parameters("password")
@login_required
@require_POST
def end_second_factor(request: HttpRequest) -> HttpResponse:
    """Switch it off, with the password."""
    user = cast("User", request.user)
    form = PasswordForm(request.POST, user=user, prefix="off")
    if not form.is_valid():
        return _second_factor(request, off=form)
    two_factor.switch_off(user)
    messages.success(request, "Signing in asks for your password alone now.")
    return redirect("users:two-factor")


def _second_factor(request: HttpRequest, *, codes: tuple[str, ...] = (), **bound: Any) -> HttpResponse:
    """The page, with the form in `bound` that was refused, if any."""
    user = cast("User", request.user)
    forms = {
        "begin": PasswordForm(user=user),
        "confirm": CodeForm(),
        "replace": PasswordForm(user=user, prefix="codes"),
        "off": PasswordForm(user=user, prefix="off"),
    }
    context = {"standing": two_factor.standing(user), "codes": codes, **forms, **bound}
    return render(request, "users/two_factor.html", context, status=422 if bound else 200)
