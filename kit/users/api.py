"""Tokens for programs. Wrong passwords count towards the same lock as those typed into the login page.

`router` is where programs sign in and nobody has to be signed in; `tokens_router` is one's own list of tokens.
"""

from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from axes.handlers.proxy import AxesProxyHandler
from django.contrib.auth import authenticate
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from kit import tenancy
from kit.api import Body, Page, PageQuery, paginate
from kit.errors import MoniqoError
from kit.http import client_address, owner_of
from kit.users import throttle, tokens, two_factor
from kit.users.access import ANY, PERSON
from kit.users.models import Token, User

router = Router()
tokens_router = Router()

LONGEST_DAYS = 366


class SignInError(MoniqoError):
    code = "sign_in_failed"
    status = 401


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
            # The middleware of the lock adds when to try again (`throttle.locked_out`).
            raise throttle.TooManyAttemptsError(throttle.LOCKED)
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


class TokenOut(Schema):
    """A token, whose text was told when it was made. `status` is in_force, revoked, over or password_changed."""

    id: UUID
    name: str
    kind: Token.Kind
    scopes: list[Token.Scope]
    wallet_id: UUID | None = Field(description="Where an agent's token may act, and below it; null: in all wallets.")
    asks_first: bool = Field(description="Its owner is asked before anything is done with it.")
    status: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(description="To the minute; null while it was never used.")
    revoked_at: datetime | None
    address: str | None = Field(description="Where it was made.")


@router.post("/sign-out", response=TokenOut, summary="Sign out")
def sign_out(request: HttpRequest, body: Refresh) -> Any:
    """Ends the refresh token and every access token that it gave; other programs stay signed in."""
    token = tokens.find_token(body.refresh, kind="refresh")
    if token is None:
        raise SignInError("The refresh token is expired or not ours: there is nothing to sign out of.")
    with tenancy.tenant(token.owner_id):
        return _token(tokens.revoke_token(owner_id=token.owner_id, token_id=token.pk))


class TokenMadeOut(TokenOut):
    """`token` is told this once: it is kept nowhere."""

    token: str


class TokenIn(Body):
    """A token for a program of one's own. What extends access asks for the password again, as the page does."""

    name: str = Field(min_length=1, max_length=80)
    scopes: list[Token.Scope] = Field(min_length=1)
    days: int = Field(90, ge=1, le=LONGEST_DAYS, description="After them it is over.")
    password: str = Field(max_length=1024)
    wallet_id: UUID | None = Field(
        None, description="Of a token with the scope `agent`: where it may act, and below it. Null: in all wallets."
    )
    asks_first: bool = Field(
        False,
        description="It reads (a sync included) and asks (`/approvals/…`), no more; asking needs `trade` or `agent`.",
    )


@tokens_router.get("/tokens", response=Page[TokenOut], summary="Your tokens, newest first")
def list_tokens(request: HttpRequest, query: Query[PageQuery]) -> Any:
    """Those that count, and those that ended and are not forgotten yet."""
    rows = Token.objects.filter(owner_id=owner_of(request)).prefetch_related("owner")
    return paginate(rows, query, present=_token)


@tokens_router.get("/tokens/current", auth=ANY, response=TokenOut | None, summary="The token that you use")
def current_token(request: HttpRequest) -> Any:
    """What it may do and until when; null for a browser's session, which has none."""
    token: Token | None = getattr(request, "token", None)
    return None if token is None else _token(token)


@tokens_router.post("/tokens", auth=PERSON, response={201: TokenMadeOut}, summary="Make a token")
def make_token(request: HttpRequest, body: TokenIn) -> Any:
    """A program makes only tokens that may do what its own may.

    A wrong password is refused with 422, and after five of them every one with 429 for a quarter of an hour.
    """
    user = cast("User", request.user)
    throttle.require_password(user, body.password)
    made, text = tokens.make_personal_token(
        user,
        name=body.name,
        scopes=body.scopes,
        lifetime=timedelta(days=body.days),
        maker=getattr(request, "token", None),
        address=client_address(request),
        wallet_id=body.wallet_id,
        asks_first=body.asks_first,
    )
    return Status(201, {**_token(made), "token": text})


@tokens_router.delete("/tokens/{token_id}", auth=PERSON, response=TokenOut, summary="Revoke a token")
def revoke_token(request: HttpRequest, token_id: UUID) -> Any:
    """It counts no longer, from now on; revoking it again changes nothing."""
    return _token(tokens.revoke_token(owner_id=owner_of(request), token_id=token_id))


def _token(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in TokenOut.model_fields if name != "status"} | {
        "status": tokens.standing(token)
    }
