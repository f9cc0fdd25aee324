"""The way in for people: the password, then for those who have one the second factor."""

import time
from typing import Any, Final, cast
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kit.errors import MoniqoError
from kit.users import throttle, two_factor
from kit.users.forms import CodeForm
from kit.users.models import User

PENDING: Final = "second_factor"
PENDING_SECONDS: Final = 300


class LoginView(auth_views.LoginView):
    """The password. Who has a second factor is not signed in yet: the session only remembers who is half-way."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        user = cast("User", form.get_user())
        if not two_factor.is_on(user):
            return super().form_valid(form)
        self.request.session.flush()
        self.request.session[PENDING] = {
            "user": str(user.pk),
            "backend": user.backend,
            "password": user.get_session_auth_hash(),
            "since": time.time(),
        }
        return redirect(f"{reverse('login-code')}?{urlencode({'next': self.get_redirect_url()})}")


@never_cache
@require_http_methods(["GET", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """The code. Back to the password after five minutes, or when the password has changed meanwhile."""
    user = _half_way(request)
    if user is None:
        return redirect("login")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            if two_factor.check_code(user, form.cleaned_data["code"]):
                backend = request.session.pop(PENDING)["backend"]
                login(request, user, backend=backend)
                return redirect(_next(request))
        except two_factor.TooManyCodesError as error:
            request.session.flush()
            return throttle.told(request, error)
        except MoniqoError as error:
            form.add_error(None, str(error))
        else:
            form.add_error("code", "That code is wrong or was used already.")
    context = {"form": form, "next": request.GET.get("next", "")}
    return render(request, "registration/code.html", context, status=422 if form.is_bound else 200)


@never_cache
def admin_login(request: HttpRequest) -> HttpResponse:
    """Operators come in by the one door as well; who is inside and is none is told so."""
    if request.user.is_authenticated:
        raise PermissionDenied
    return redirect(f"{reverse('login')}?{urlencode({'next': request.GET.get('next') or reverse('admin:index')})}")


def _half_way(request: HttpRequest) -> User | None:
    pending = request.session.get(PENDING)
    if not pending or pending["since"] < time.time() - PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    if user is None or not constant_time_compare(pending["password"], user.get_session_auth_hash()):
        return None
    return user


def _next(request: HttpRequest) -> str:
    target = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)
