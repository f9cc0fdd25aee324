"""Whose stream it is: the person whose session the browser's cookie names, as long as that stands, or whose token a
program came with, as long as that counts.

The database is asked, as for every page, when a stream is opened and for all open ones at once from time to time: a
session that was signed out, a password that was changed, a person who was switched off have no streams.
"""

from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connections
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from kit import tenancy
from kit.users.models import User
from kit.users.tokens import counting_tokens

TOKEN: Final = "token:"  # noqa: S105 - what a key begins with


def token_key(token_id: UUID) -> str:
    """What stands for a session's key where a token opened the stream."""
    return f"{TOKEN}{token_id}"


def owners_of(keys: Iterable[str]) -> dict[str, UUID]:
    """The people of those sessions that stand and of those tokens that count, by key. Gives this thread's connection
    back."""
    by_token = {key: UUID(key.removeprefix(TOKEN)) for key in keys if key.startswith(TOKEN)}
    try:
        counting = counting_tokens(by_token.values()) if by_token else {}
        return _people_of_sessions(set(keys) - set(by_token)) | {
            key: counting[token_id] for key, token_id in by_token.items() if token_id in counting
        }
    finally:
        connections.close_all()


def _people_of_sessions(keys: Collection[str]) -> dict[str, UUID]:
    if not keys:
        return {}
    rows = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    with tenancy.system():  # which may compare the passwords of several people
        known = User.objects.defer(None).filter(pk__in=_people(sessions.values()), is_active=True)
        people = {str(user.pk): user for user in known}
    return {
        key: user.pk
        for key, session in sessions.items()
        if (user := people.get(session.get(SESSION_KEY, ""))) and _is_signed_in(user, session)
    }


def _people(sessions: Iterable[dict[str, str]]) -> set[str]:
    return {session[SESSION_KEY] for session in sessions if SESSION_KEY in session}


def _is_signed_in(user: User, session: dict[str, str]) -> bool:
    """Whether it is under the password of now, by this or an earlier secret key."""
    marks = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), mark) for mark in marks)
