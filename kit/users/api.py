"""Tokens for programs. Wrong passwords count towards the same lock as those typed into the login page."""

from typing import cast

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate
from django.http import HttpRequest
from ninja import Router, Schema
from ninja_jwt.exceptions import TokenError
from ninja_jwt.tokens import RefreshToken
from pydantic import Field

from kit.errors import MoniqoError
from kit.users.models import User

router = Router()


class SignInError(MoniqoError):
    code = "sign_in_failed"
    status = 401


class TooManyAttemptsError(MoniqoError):
    code = "too_many_attempts"
    status = 429


class SignIn(Schema):
    email: str = Field(max_length=254)
    password: str = Field(max_length=1024)


class Refresh(Schema):
    refresh: str


class Access(Schema):
    access: str


class Tokens(Access):
    refresh: str


@router.post("/token", response=Tokens, summary="Sign in")
def obtain_token(request: HttpRequest, body: SignIn) -> dict[str, str]:
    """An access token for some minutes and a refresh token for a day."""
    user = authenticate(request, username=body.email.lower(), password=body.password)
    if user is None:
        if AxesProxyHandler.is_locked(request, {"username": body.email.lower()}):
            raise TooManyAttemptsError("Too many wrong passwords: wait fifteen minutes and try again.")
        raise SignInError("Email or password is wrong.")
    refresh = cast("RefreshToken", RefreshToken.for_user(user))  # type: ignore[misc]  # typed for instances, made for classes
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


@router.post("/refresh", response=Access, summary="Renew the access token")
def refresh_token(request: HttpRequest, body: Refresh) -> dict[str, str]:
    """A new access token, as long as the refresh token is valid and its user still active."""
    try:
        token = RefreshToken(body.refresh)
        active = User.objects.filter(pk=token["user_id"], is_active=True).exists()
    except (TokenError, KeyError, ValueError):
        active = False
    if not active:
        raise SignInError("The refresh token is expired or not ours: sign in again at POST /api/v1/auth/token.")
    return {"access": str(token.access_token)}
