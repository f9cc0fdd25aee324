"""What the audit log notes of signing in. Connected when the app is ready."""

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import cache
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from kit import tenancy
from kit.api import PAUSE_SECONDS
from kit.audit.services import Area, record
from kit.http import client_address
from kit.live.publish import end_streams
from kit.users import security
from kit.users.models import User

ENDING: Final = frozenset({"password", "is_active"})


@receiver(user_logged_in)
def note_sign_in(sender: object, user: User, request: HttpRequest | None = None, **kwargs: Any) -> None:
    with tenancy.tenant(user.pk):
        security.on_sign_in(user, client_address(request) if request else None)
    note(user, "Signed in", actor=user)


@receiver(user_logged_out)
def note_sign_out(sender: object, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        note(user, "Signed out", actor=user)
        end_streams(owner_id=user.pk)


@receiver(post_save, sender=User)
def end_what_is_open(
    sender: object, instance: User, using: str, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """A new password, or being switched off, ends sessions; what is open by them ends as well."""
    if update_fields is None or not ENDING.isdisjoint(update_fields):
        end_streams(owner_id=instance.pk, using=using)


@receiver(user_login_failed)
def note_refusal(
    sender: object, credentials: Mapping[str, Any], request: HttpRequest | None = None, **kwargs: Any
) -> None:
    """A wrong password for somebody whom we know; tries while the lock is on are noted once."""
    user = User.objects.filter(email__iexact=str(credentials.get("username", ""))).first()
    if user is None or request is None:
        return
    if not getattr(request, "axes_locked_out", False):
        note(user, "Sign-in refused")
        return
    if cache.add(f"locked:{user.pk}:{client_address(request)}", 1, PAUSE_SECONDS):
        note(user, security.LOCKED)
        with tenancy.tenant(user.pk):
            security.on_lock(user, client_address(request))


def note(user: User, action: str, *, actor: User | None = None, **values: Any) -> None:
    """Write `action` to the log of `user`, in a transaction of its own where there is none."""
    with tenancy.tenant(user.pk):
        record(Area.SIGN_IN, action, owner_id=user.pk, actor_id=actor.pk if actor else None, **values)
