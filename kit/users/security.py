"""What people are told about the safety of their account. All of it stands in the log (`kit.audit`) as well."""

from typing import Final

from kit import clock, tenancy
from kit.alerts.links import about
from kit.alerts.models import Alert
from kit.alerts.services import raise_alert, resolve_alert
from kit.audit.models import AuditEntry
from kit.sentences import moment
from kit.users.models import Token, User

SIGNED_IN: Final = ("Signed in", f"Token {Token.Kind.SIGN_IN.label.lower()}")
LOCKED: Final = "Signing in locked"
IF_NOT_YOU: Final = "If that was not you, change your password: it ends every session and every token."


def on_sign_in(user: User, address: str | None) -> None:
    """Tell of a sign-in from where nobody has signed in yet, or after a lock. Ask it before the sign-in is noted.

    The first of all is no news. Runs as the tenant.
    """
    earlier = AuditEntry.objects.filter(owner_id=user.pk, action__in=SIGNED_IN)
    last = earlier.order_by("-at").values_list("at", flat=True).first()
    if last is None:
        return
    if AuditEntry.objects.filter(owner_id=user.pk, action=LOCKED, at__gt=last).exists():
        resolve_alert(owner_id=user.pk, key="locked")
        _tell_of_sign_in(user, "after-lock", "Somebody signed in after too many wrong passwords", address, "warning")
    elif not earlier.filter(address=address).exists():
        _tell_of_sign_in(user, str(address or "unknown"), "You signed in from a new address", address, "info")


def has_signed_in_from(user: User, address: str | None) -> bool:
    """Whether somebody has signed in as `user` from there before."""
    with tenancy.tenant(user.pk):
        return AuditEntry.objects.filter(owner_id=user.pk, action__in=SIGNED_IN, address=address).exists()


def on_lock(user: User, address: str | None) -> None:
    """Tell that signing in is locked for a while."""
    raise_alert(
        owner_id=user.pk,
        key="locked",
        title="Signing in was locked after too many wrong passwords",
        body=f"They came from {address or 'an unknown address'}. It opens again by itself after a quarter of an hour.",
        level=Alert.Level.WARNING,
        about=about("sign-in"),
    )


def on_token_made(token: Token) -> None:
    """Tell of a token that somebody made in the settings; revoking it ends the alert."""
    raise_alert(
        owner_id=token.owner_id,
        key=token_key(token),
        title=f"The token {token.name} was made",
        body="It may: {scopes}, until {until}. Revoke it if it was not you who made it.",
        level=Alert.Level.INFO,
        about=about("token", token.pk),
        scopes=", ".join(token.scopes),
        until=moment(token.expires_at),
    )


def token_key(token: Token) -> str:
    """The key of the alert about a token."""
    return f"token:{token.pk}"


def on_password_changed(user: User) -> None:
    """Tell of a new password, whoever set it."""
    raise_alert(
        owner_id=user.pk,
        key="password",
        title="Your password was changed",
        body="{at}. If that was not you, ask an operator at once.",
        level=Alert.Level.WARNING,
        about=about("password"),
        at=moment(clock.now()),
    )


def on_second_factor_off(user: User) -> None:
    """Tell that the password alone is asked for; switching it on again ends the alert."""
    raise_alert(
        owner_id=user.pk,
        key="two-factor",
        title="Two-factor sign-in was switched off",
        body=f"Your password alone lets anybody in who knows it. {IF_NOT_YOU}",
        level=Alert.Level.WARNING,
        about=about("two-factor"),
    )


def on_recovery_code_used(user: User, left: int) -> None:
    """Tell that one of the ten is gone; new codes end the alert."""
    raise_alert(
        owner_id=user.pk,
        key="recovery-code",
        title="A recovery code was used to sign in",
        body=f"{{left}} are left. {IF_NOT_YOU}",
        level=Alert.Level.WARNING,
        about=about("two-factor"),
        left=left,
    )


def _tell_of_sign_in(user: User, key: str, title: str, address: str | None, level: str) -> None:
    raise_alert(
        owner_id=user.pk,
        key=f"sign-in:{key}",
        title=title,
        body=f"From {address or 'an unknown address'}, {{at}}. {IF_NOT_YOU}",
        level=level,
        about=about("sign-in"),
        at=moment(clock.now()),
    )
