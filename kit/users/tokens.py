"""Tokens for programs: JSON Web Tokens (RFC 7519), each naming a row that its owner sees and may revoke.

Signing in by password makes a row for a day and two texts for it: an access token for some minutes and a refresh token
that gets new ones. A personal token is one access token that lasts as long as its row. Whatever the text, it counts
only while its row is neither revoked nor expired, its owner active, and the password the one it was made under.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import jwt
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Prefetch
from django.utils.crypto import constant_time_compare, salted_hmac

from kit import clock, tenancy
from kit.alerts.services import resolve_alert
from kit.audit.services import Area, record
from kit.errors import InvalidInputError, NotFoundError
from kit.live.publish import end_streams
from kit.statuses import colour
from kit.users import bindings, security
from kit.users.models import Token, User

ACCESS_LIFETIME: Final = timedelta(minutes=5)
SIGN_IN_LIFETIME: Final = timedelta(days=1)
# How exactly a token's last use is known; without it every request would write a row.
USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)
SHOWN_AFTER_END: Final = timedelta(days=30)
SHOWN_MOST: Final = 200
ALGORITHM: Final = "HS256"
EVERYTHING: Final = tuple(Token.Scope.values)

TokenType = Literal["access", "refresh"]


def open_token(
    user: User,
    *,
    kind: Token.Kind,
    name: str,
    scopes: Iterable[str],
    lifetime: timedelta,
    address: str | None = None,
    wallet_id: UUID | None = None,
    asks_first: bool = False,
) -> Token:
    """Make the row of a new token, of a trading agent's bound to a wallet of the owner's with `wallet_id`.

    Raises InvalidInputError without a name or scopes, or with an unknown scope, for what cannot be bound or ask.
    """
    wanted = [scope for scope in EVERYTHING if scope in set(scopes)]
    if not wanted or set(scopes) - set(EVERYTHING):
        raise InvalidInputError("Choose what the token may do.", fields={"scopes": f"Among {', '.join(EVERYTHING)}."})
    if not name.strip():
        raise InvalidInputError("Give the token a name.", fields={"name": "A name is needed."})
    now = clock.now()
    with tenancy.tenant(user.pk):
        _require_bindable(user, wanted, wallet_id)
        if asks_first:
            _require_able_to_ask(wanted)
        token = Token.objects.create(
            owner=user,
            kind=kind,
            name=name.strip()[:80],
            scopes=wanted,
            wallet_id=wallet_id,
            asks_first=asks_first,
            password_mark=user.get_session_auth_hash(),
            address=address,
            created_at=now,
            expires_at=now + lifetime,
        )
        if kind == Token.Kind.SIGN_IN:
            security.on_sign_in(user, address)
        else:
            security.on_token_made(token)
        facts = {"scopes": wanted, "until": token.expires_at} | ({"wallet": wallet_id} if wallet_id else {})
        facts |= {"asks_first": True} if asks_first else {}
        action = f"Token {kind.label.lower()}"
        record(Area.TOKENS, action, owner_id=user.pk, actor_id=user.pk, subject=token.name, after=facts)
    return token


def _require_bindable(user: User, scopes: Iterable[str], wallet_id: UUID | None) -> None:
    """A token that is bound keeps to its wallet in all that it does, so it may do what an agent may and no more."""
    if wallet_id is None:
        return
    if Token.Scope.AGENT not in scopes or set(scopes) - {Token.Scope.AGENT, Token.Scope.READ}:
        told = (
            "A token that is bound to a wallet is a trading agent's: let it have the scope agent, or bind it to none."
        )
        raise InvalidInputError(told, fields={"wallet_id": "Only a token with the scope agent is bound to a wallet."})
    if wallet_id not in dict(bindings.wallets_of(user.pk)):
        raise InvalidInputError("Choose a wallet of yours.", fields={"wallet_id": "There is no such wallet."})


def _require_able_to_ask(scopes: Iterable[str]) -> None:
    if not {Token.Scope.TRADE, Token.Scope.AGENT} & set(scopes):
        raise InvalidInputError(
            "A token that asks first needs the scope trade or agent, which asking takes: make it with one of them.",
            fields={"asks_first": "Choose the scope trade or agent too: asking takes one of them."},
        )


def access_text(token: Token) -> str:
    """The text a program sends with each request: of a sign-in for some minutes, of a personal token until it ends."""
    soon = clock.now() + ACCESS_LIFETIME
    return _sign(token, "access", min(soon, token.expires_at) if token.kind == Token.Kind.SIGN_IN else token.expires_at)


def refresh_text(token: Token) -> str:
    """The text that gets new access tokens until the row ends."""
    return _sign(token, "refresh", token.expires_at)


def find_token(text: str, *, kind: TokenType) -> Token | None:
    """The row that `text` names, with its owner, if it counts now; notes the use. None for anything else."""
    claims = _read(text)
    if claims is None or claims["typ"] != kind:
        return None
    token = Token.objects.counting(claims["jti"], claims["sub"])
    if token is None or not has_same_password(token):
        return None
    now = clock.now()
    if token.last_used_at is None or token.last_used_at < now - USE_IS_NOTED_EVERY:
        with tenancy.tenant(token.owner_id):
            Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def counting_tokens(token_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Whose they are, of those that count now, by id. Whoever they belong to: for streams that are open."""
    with tenancy.system():  # which may compare the passwords of several people
        known = Token.objects.filter(owner__is_active=True, revoked_at=None, expires_at__gt=clock.now())
        rows = known.filter(pk__in=set(token_ids)).prefetch_related(Prefetch("owner", User.objects.defer(None)))
        return {token.pk: token.owner_id for token in rows if has_same_password(token)}


def has_same_password(token: Token) -> bool:
    """Whether the owner's password is still the one that the token was made under, by this or an earlier secret key."""
    owner: AbstractBaseUser = token.owner
    marks = [owner.get_session_auth_hash(), *owner.get_session_auth_fallback_hash()]
    return any(constant_time_compare(token.password_mark, mark) for mark in marks)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as its owner sees it. `wallet` is what it is bound to, `health` colours the status; `counts` says whether
    it can still be used; with `asks_first` its owner is asked before anything is done."""

    id: UUID
    name: str
    made: str
    created_at: datetime
    address: str
    scopes: tuple[str, ...]
    wallet: str
    last_used_at: datetime | None
    expires_at: datetime
    status: str
    health: str
    counts: bool
    asks_first: bool


def make_personal_token(
    user: User,
    *,
    name: str,
    scopes: Iterable[str],
    lifetime: timedelta,
    maker: Token | None,
    address: str | None,
    wallet_id: UUID | None = None,
    asks_first: bool = False,
) -> tuple[Token, str]:
    """A token that lasts as long as its row, and its text, which is told this once.

    One that a program makes can do nothing that the program's own, `maker`, cannot. Raises InvalidInputError.
    """
    wanted = set(scopes)
    if maker is not None and not wanted <= set(maker.scopes):
        own = ", ".join(maker.scopes)
        raise InvalidInputError(
            "A token makes only tokens that may do less than itself, or the same.",
            fields={"scopes": f"Among {own}."},
        )
    made = open_token(
        user,
        kind=Token.Kind.PERSONAL,
        name=name,
        scopes=wanted,
        lifetime=lifetime,
        address=address,
        wallet_id=wallet_id,
        asks_first=asks_first,
    )
    return made, access_text(made)


def list_tokens(*, owner_id: UUID) -> tuple[TokenRow, ...]:
    """The owner's tokens that may still be used, and those that ended within a month; newest first."""
    recently = clock.now() - SHOWN_AFTER_END
    rows = Token.objects.filter(owner_id=owner_id, expires_at__gt=recently).prefetch_related("owner")
    found = list(rows.exclude(revoked_at__lte=recently)[:SHOWN_MOST])
    names = dict(bindings.wallets_of(owner_id)) if any(token.wallet_id for token in found) else {}
    return tuple(_row(token, names) for token in found)


def find_row(*, owner_id: UUID, token_id: UUID) -> TokenRow:
    """One of the owner's tokens, ended or not. Raises NotFoundError."""
    token = Token.objects.filter(owner_id=owner_id, pk=token_id).prefetch_related("owner").first()
    if token is None:
        raise NotFoundError("There is no such token.")
    return _row(token, dict(bindings.wallets_of(owner_id)) if token.wallet_id else {})


# What a token's standing is called.
_WORDS: Final = {
    "in_force": "In force",
    "revoked": "Revoked",
    "over": "Over",
    "password_changed": "Ended with the password",
}


def standing(token: Token) -> str:
    """in_force while it counts, else why it does not: revoked, over or password_changed."""
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= clock.now():
        return "over"
    return "in_force" if has_same_password(token) else "password_changed"


def _row(token: Token, names: Mapping[UUID, str]) -> TokenRow:
    word = standing(token)
    status, health = _WORDS[word], colour("token", word) if word == "in_force" else ""
    return TokenRow(
        id=token.pk,
        name=token.name,
        made=token.get_kind_display(),
        created_at=token.created_at,
        address=token.address or "",
        scopes=tuple(token.scopes),
        wallet="" if token.wallet_id is None else names.get(token.wallet_id, "a wallet that is gone"),
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
        status=status,
        health=health,
        counts=bool(health),
        asks_first=token.asks_first,
    )


def revoke_token(*, owner_id: UUID, token_id: UUID) -> Token:
    """End the token at once; one that has ended stays as it is. Raises NotFoundError, also when it is another's."""
    token = Token.objects.filter(owner_id=owner_id, pk=token_id).select_for_update().first()
    if token is None:
        raise NotFoundError("There is no such token.")
    if token.revoked_at is None:
        token.revoked_at = clock.now()
        token.save(update_fields=("revoked_at",))
        end_streams(owner_id=owner_id)
        resolve_alert(owner_id=owner_id, key=security.token_key(token))
        record(Area.TOKENS, "Token revoked", owner_id=owner_id, subject=token.name)
    return token


def let_ask_first(*, owner_id: UUID, token_id: UUID, asks_first: bool) -> Token:
    """Have the token's program ask before it does anything, or not. Raises NotFoundError, and
    InvalidInputError for one whose scopes do not let it ask."""
    token = Token.objects.filter(owner_id=owner_id, pk=token_id).select_for_update().first()
    if token is None:
        raise NotFoundError("There is no such token.")
    if token.asks_first != asks_first:
        if asks_first:
            _require_able_to_ask(token.scopes)
        token.asks_first = asks_first
        token.save(update_fields=("asks_first",))
        action = "Token asks first" if asks_first else "Token acts by itself"
        record(Area.TOKENS, action, owner_id=owner_id, subject=token.name)
    return token


def _sign(token: Token, kind: TokenType, expires_at: datetime) -> str:
    claims = {
        "jti": str(token.pk),
        "sub": str(token.owner_id),
        "typ": kind,
        "iat": token.created_at,
        "exp": expires_at,
    }
    return jwt.encode(claims, _key(settings.SECRET_KEY), algorithm=ALGORITHM)


def _read(text: str) -> dict[str, str] | None:
    """The claims of a text that we signed, by this or an earlier secret key, and that has not expired."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            claims = jwt.decode(
                text,
                _key(secret),
                algorithms=[ALGORITHM],
                options={"require": ["jti", "sub", "typ", "iat", "exp"], "verify_iat": False},
            )
            return {"jti": str(UUID(claims["jti"])), "sub": str(UUID(claims["sub"])), "typ": str(claims["typ"])}
        except (jwt.InvalidTokenError, ValueError):
            continue
    return None


def _key(secret: str) -> bytes:
    """A key for this purpose only, so that nothing else that is signed with the secret passes for a token."""
    return salted_hmac("kit.users.tokens", "", secret=secret, algorithm="sha256").digest()
