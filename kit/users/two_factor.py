"""A second factor: the six digits of an authenticator app (TOTP, RFC 6238) or one of ten recovery codes.

The key is encrypted for whose it is (`kit.sealing`), so that a copied ciphertext opens nobody else's account. A code
counts once: the half minute it belongs to is remembered by an UPDATE that only one request can win. Tries are counted
before a code is looked at, five in a quarter of an hour, whatever address they come from.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pyotp
import segno
from django.utils.crypto import constant_time_compare
from django.utils.safestring import SafeString, mark_safe

from kit import clock, sealing, tenancy
from kit.alerts.services import resolve_alert
from kit.audit.services import Area, record
from kit.errors import ConflictError, InvalidInputError, MoniqoError
from kit.users import security, throttle
from kit.users.models import RecoveryCode, SecondFactor, User

ISSUER: Final = "Moniqo"
STEP_SECONDS: Final = 30
STEPS_OFF: Final = (0, -1, 1)  # clocks of phones and servers differ by some seconds
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10  # 80 bits: a digest of it cannot be tried out


class SecretUnreadableError(MoniqoError):
    """The key cannot be opened: it was encrypted with a key that is not configured. An operator must restore it."""

    code = "second_factor_unreadable"
    status = 409


class TooManyCodesError(throttle.TooManyAttemptsError):
    """Five codes were wrong."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the key as text and as a QR code (inline SVG)."""

    secret: str
    picture: SafeString


@dataclass(frozen=True, slots=True)
class Standing:
    """How far somebody is: `is_on` once confirmed, `enrolment` between the two, `codes_left` of the recovery codes."""

    is_on: bool
    enrolment: Enrolment | None
    codes_left: int


def is_on(user: User) -> bool:
    """Whether signing in asks `user` for a code."""
    with tenancy.tenant(user.pk):
        return SecondFactor.objects.filter(owner=user, confirmed_at__isnull=False).exists()


def standing(user: User) -> Standing:
    """Where `user` stands, for the page."""
    factor = SecondFactor.objects.filter(owner=user).first()
    if factor is None or factor.confirmed_at is None:
        return Standing(False, _half_way(user, factor) if factor else None, 0)
    return Standing(True, None, RecoveryCode.objects.filter(owner=user, used_at__isnull=True).count())


def begin(user: User) -> None:
    """Make a key, in place of one that was never confirmed. Raises ConflictError when the second factor is on."""
    if is_on(user):
        raise ConflictError("Two-factor sign-in is on already: switch it off before you set it up anew.")
    sealed = _seal(user.pk, pyotp.random_base32())
    SecondFactor.objects.update_or_create(owner=user, defaults={"secret": sealed, "last_step": 0})


def confirm(user: User, code: str) -> tuple[str, ...]:
    """Switch it on with a first right code; returns the recovery codes, which are shown once and kept nowhere.

    Raises ConflictError when there is nothing to confirm, InvalidInputError for a wrong code, TooManyCodesError.
    """
    factor = SecondFactor.objects.filter(owner=user, confirmed_at__isnull=True).first()
    if factor is None:
        raise ConflictError("There is nothing to confirm: set two-factor sign-in up first.")
    _count_try(user)
    if not _use_step(factor, code):
        raise InvalidInputError("That is not the code of now.", fields={"code": "That is not the code of now."})
    throttle.forget_tries("code", user.pk)
    SecondFactor.objects.filter(pk=factor.pk).update(confirmed_at=clock.now())
    record(Area.SIGN_IN, "Two-factor switched on", owner_id=user.pk)
    resolve_alert(owner_id=user.pk, key="two-factor")
    return _new_codes(user)


def replace_codes(user: User) -> tuple[str, ...]:
    """Ten new recovery codes; the old ones count no longer. Raises ConflictError when the second factor is off."""
    if not is_on(user):
        raise ConflictError("Two-factor sign-in is off: there is nothing to recover.")
    record(Area.SIGN_IN, "Recovery codes replaced", owner_id=user.pk)
    return _new_codes(user)


def switch_off(user: User) -> None:
    """Ask for the password alone again. Doing it twice changes nothing."""
    RecoveryCode.objects.filter(owner=user).delete()
    if SecondFactor.objects.filter(owner=user).delete()[0]:
        record(Area.SIGN_IN, "Two-factor switched off", owner_id=user.pk)
        security.on_second_factor_off(user)


def check_code(user: User, code: str) -> bool:
    """Whether `code` lets `user` in now, which it does once: the app's digits or a recovery code.

    Raises TooManyCodesError after five wrong ones in a quarter of an hour.
    """
    _count_try(user)
    with tenancy.tenant(user.pk):
        factor = SecondFactor.objects.filter(owner=user, confirmed_at__isnull=False).first()
        if factor is None:
            return False
        right = _use_step(factor, code) or _use_recovery_code(user, code)
        if not right:
            record(Area.SIGN_IN, "Second factor refused", owner_id=user.pk)
    if right:
        throttle.forget_tries("code", user.pk)
    return right


def rotate_secrets() -> tuple[int, tuple[str, ...]]:
    """Seal every key again with the first of MONIQO_CREDENTIAL_KEYS unless it is. Runs as the system role.

    Returns how many, and whose key no configured one opens: theirs stay as they are.
    """
    rotated, unreadable = 0, []
    for factor in SecondFactor.objects.select_related("owner").order_by("pk").iterator():
        before = bytes(factor.secret)
        if sealing.is_newest(before):
            continue
        try:
            sealed = _seal(factor.owner_id, _open(factor))
        except SecretUnreadableError:
            unreadable.append(factor.owner.email)
        else:
            rotated += SecondFactor.objects.filter(pk=factor.pk, secret=before).update(secret=sealed)
    return rotated, tuple(unreadable)


def count_old_secrets() -> int:
    """How many keys of authenticator apps, of everybody, are not sealed with the first key."""
    with tenancy.system():
        return sum(not sealing.is_newest(bytes(factor.secret)) for factor in SecondFactor.objects.iterator())


def _count_try(user: User) -> None:
    if not throttle.may_try("code", user.pk):
        told = "Too many wrong codes: try again in a quarter of an hour."
        raise TooManyCodesError(told, wait_seconds=throttle.wait_of("code", user.pk))


def _use_step(factor: SecondFactor, code: str) -> bool:
    """Whether the digits are those of now, give or take a step, and no step as new was used before."""
    digits = code.replace(" ", "")
    totp, now = pyotp.TOTP(_open(factor)), int(clock.now().timestamp()) // STEP_SECONDS
    for step in (now + off for off in STEPS_OFF):
        if constant_time_compare(totp.generate_otp(step), digits):
            unused = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return unused.update(last_step=step) == 1
    return False


def _use_recovery_code(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(owner=user, digest=_digest(user.pk, code), used_at__isnull=True)
    if unused.update(used_at=clock.now()) != 1:
        return False
    record(Area.SIGN_IN, "Recovery code used", owner_id=user.pk, actor_id=user.pk)
    security.on_recovery_code_used(user, RecoveryCode.objects.filter(owner=user, used_at__isnull=True).count())
    return True


def _new_codes(user: User) -> tuple[str, ...]:
    resolve_alert(owner_id=user.pk, key="recovery-code")
    RecoveryCode.objects.filter(owner=user).delete()
    codes = tuple(_grouped(secrets.token_hex(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES))
    RecoveryCode.objects.bulk_create(RecoveryCode(owner=user, digest=_digest(user.pk, code)) for code in codes)
    return codes


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 5] for start in range(0, len(text), 5))


def _digest(owner_id: UUID, code: str) -> str:
    plain = "".join(filter(str.isalnum, code.lower()))
    return hashlib.sha256(f"{owner_id}:{plain}".encode()).hexdigest()


def _half_way(user: User, factor: SecondFactor) -> Enrolment | None:
    """None, so that it begins anew, where the key that was never confirmed cannot be read any more."""
    try:
        secret = _open(factor)
    except SecretUnreadableError:
        return None
    address = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER)
    picture = segno.make(address, error="m").svg_inline(scale=4, light="#fff", svgclass="qr", lineclass=None)
    return Enrolment(secret=secret, picture=mark_safe(picture))  # noqa: S308 - drawn from our own address, no text in it


def _seal(owner_id: UUID, secret: str) -> bytes:
    try:
        return sealing.seal(secret, place=(str(owner_id), "totp"))
    except sealing.KeysMissingError as error:
        raise _not_configured() from error


def _open(factor: SecondFactor) -> str:
    try:
        return sealing.unseal(bytes(factor.secret), place=(str(factor.owner_id), "totp"))
    except sealing.KeysMissingError as error:
        raise _not_configured() from error
    except sealing.MisplacedError as error:
        raise SecretUnreadableError("Ask an operator: the key of your authenticator is somebody else's.") from error
    except sealing.SealError as error:
        raise SecretUnreadableError("Ask an operator: the key of your authenticator cannot be read.") from error


def _not_configured() -> SecretUnreadableError:
    return SecretUnreadableError("Ask an operator: MONIQO_CREDENTIAL_KEYS is not set, so nothing secret is stored.")
