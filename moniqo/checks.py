"""`manage.py check --deploy` refuses secrets that are weak, well-known or no keys at all."""

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

KEY_BYTES: Final = 32
LEAST_CHARACTERS: Final = 50
# Different bytes of a key, which random ones exceed by far; half as many different characters of a secret.
LEAST_DIFFERENT: Final = 16
# Written down in our own repository.
WELL_KNOWN: Final = (
    "development-only",
    "tests-only",
    "used-while-collecting-static-files",
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
)


@register(Tags.security, deploy=True)
def check_secrets(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """Errors that say which setting, and nothing about its value."""
    return [
        *_judge("MONIQO_SECRET_KEY", [settings.SECRET_KEY], _secret_fault),
        *_judge("MONIQO_SECRET_KEY_FALLBACKS", settings.SECRET_KEY_FALLBACKS, _secret_fault),
        *_judge("MONIQO_CREDENTIAL_KEYS", settings.CREDENTIAL_KEYS, _key_fault),
        *([] if settings.CREDENTIAL_KEYS else [_error("MONIQO_CREDENTIAL_KEYS", "is not set")]),
    ]


def _judge(name: str, secrets: Iterable[str], fault: Any) -> list[CheckMessage]:
    found = [(number, fault(secret)) for number, secret in enumerate(secrets, 1)]
    return [_error(name, f"{said} (number {number})") for number, said in found if said]


def _error(name: str, said: str) -> Error:
    hint = "Make one with `manage.py generate_encryption_key`." if "CREDENTIAL" in name else "`openssl rand -hex 48`."
    return Error(f"{name} {said}.", hint=hint, id="moniqo.E001")


def _secret_fault(secret: str) -> str:
    if len(secret) < LEAST_CHARACTERS:
        return f"is shorter than {LEAST_CHARACTERS} characters"
    return _weakness(secret, len(set(secret)), least=LEAST_DIFFERENT // 2)


def _key_fault(text: str) -> str:
    try:
        key = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return "is no url-safe base64"
    if len(key) != KEY_BYTES:
        return f"does not hold {KEY_BYTES} bytes"
    is_text = all(chr(byte).isprintable() and byte < 128 for byte in key)  # as random bytes are not: one in 10**13
    return _weakness(text, len(set(key)), least=LEAST_DIFFERENT) or ("is a text, not random" if is_text else "")


def _weakness(text: str, different: int, *, least: int) -> str:
    if any(known in text for known in WELL_KNOWN):
        return "stands in the repository"
    half = len(text) // 2
    is_repeated = any(text == (text[:size] * len(text))[: len(text)] for size in range(1, half + 1))
    return "is not random" if different < least or is_repeated else ""
