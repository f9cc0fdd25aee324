"""Tokens for programs. Wrong passwords count towards the same lock as those typed into the login page."""

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate
from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from kit.api import Body
from kit.errors import MoniqoError
from kit.http import client_address
from kit.users import tokens, two_factor
from kit.users.models import Token

router = Router()


class SignInError(MoniqoError):
    code = "sign_in_failed"
    status = 401


class TooManyAttemptsError(MoniqoError):
    """Said before; the middleware of the lock adds when to try again (`throttle.locked_out`)."""

    code = "too_many_attempts"
    status = 429


class SecondFactorError(MoniqoError):
    """The password is right; the code is missing or wrong."""

    code = "second_factor_required"
    status = 401


class SignIn(Body):
    """`code` is the app's six digits, or a recovery code, of who has two-factor sign-in on.

    `scopes` narrows what the tokens may do; left out they may do everything.
    """

    email: str = Field(max_length=254)
    password: str = Field(max_length=1024)
    code: str = Field("", max_length=40)
    scopes: list[Token.Scope] = Field(list(Token.Scope), min_length=1)
    name: str = Field("A program", max_length=80, description="What your list of tokens calls it.")


class Refresh(Body):
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
    if two_factor.is_on(user) and not (body.code and two_factor.check_code(user, body.code)):
        raise SecondFactorError("Send the six digits of your authenticator app as `code`, each of them once.")
    token = tokens.open_token(
        user,
        kind=Token.Kind.SIGN_IN,
        name=body.name,
        scopes=body.scopes,
        lifetime=tokens.SIGN_IN_LIFETIME,
        address=client_address(request),
    )
    return {"access": tokens.access_text(token), "refresh": tokens.refresh_text(token)}


@router.post("/refresh", response=Access, summary="Renew the access token")
def refresh_token(request: HttpRequest, body: Refresh) -> dict[str, str]:
    """A new access token, as long as the refresh token counts: neither revoked nor expired, under the same password."""
    token = tokens.find_token(body.refresh, kind="refresh")
    if token is None:
        raise SignInError("The refresh token is expired or not ours: sign in again at POST /api/v1/auth/token.")
    return {"access": tokens.access_text(token)}
