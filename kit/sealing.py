"""Secrets at rest: AES-256-GCM under the keys of MONIQO_CREDENTIAL_KEYS, bound to the place they were written for.

A key is 32 random bytes as url-safe base64, 44 characters: `manage.py generate_encryption_key` makes one, and a Fernet
key has the same form. The AES key is HKDF-SHA256 (RFC 5869) of those bytes, without salt and with the purpose as info:
earlier versions sealed with Fernet, which uses the halves of the same bytes, and no key serves two ciphers this way.

What is sealed looks like this, and tells by its first byte how to open it:

    1 byte     the version: 1. A Fernet token begins with another byte, the letter g.
    8 bytes    the key's fingerprint, so that the key is found without trying, and a lost one is known as lost
    12 bytes   the nonce, random: good for four thousand million secrets per key (NIST SP 800-38D, 8.3)
    the rest   the ciphertext and its tag of 16 bytes

Version, fingerprint and place are the associated data: sealed bytes that were copied to another place open nowhere.
"""

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from kit.errors import MoniqoError

KEY_BYTES: Final = 32
_VERSION: Final = b"\x01"
_ID_BYTES: Final = 8
_NONCE_BYTES: Final = 12
_PURPOSE: Final = b"moniqo sealing aes-256-gcm v1"


class SealError(MoniqoError):
    """A secret cannot be sealed or opened. The message never says anything about its value."""

    code = "credential"
    status = 409


class KeysMissingError(SealError):
    """No usable key is configured: an operator has to put one there."""


class KeyLostError(SealError):
    """It was sealed with a key that is not configured any more."""


class MisplacedError(SealError):
    """It was sealed for another place, or altered."""


class Secret(str):
    """A text that does not show itself where values are listed: in tracebacks, logs of objects, debug pages."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'********'"


def seal(value: str, *, place: Sequence[str]) -> bytes:
    """`value` sealed with the first key for `place`. Raises KeysMissingError."""
    key = _keys()[0]
    head = _VERSION + key.id
    nonce = os.urandom(_NONCE_BYTES)
    return head + nonce + key.cipher.encrypt(nonce, value.encode(), _bound(head, place))


def unseal(sealed: bytes, *, place: Sequence[str]) -> Secret:
    """What was sealed for `place`, by this version or an earlier one.

    Raises KeysMissingError, KeyLostError, MisplacedError.
    """
    if sealed[:1] != _VERSION:
        return _unseal_fernet(sealed, place)
    start = len(_VERSION) + _ID_BYTES
    head, nonce, rest = sealed[:start], sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
    key = next((key for key in _keys() if _VERSION + key.id == head), None)
    if key is None:
        raise KeyLostError("It was encrypted with a key that is not configured.")
    try:
        return Secret(key.cipher.decrypt(nonce, rest, _bound(head, place)).decode())
    except (InvalidTag, ValueError) as error:
        raise MisplacedError("What is stored belongs somewhere else, or was altered.") from error


def is_newest(sealed: bytes) -> bool:
    """Whether it is sealed as it would be sealed now: what an earlier version sealed is old under any key."""
    return sealed.startswith(_VERSION + _keys()[0].id)


def key_ids() -> list[str]:
    """Fingerprints of the keys in use, the one that seals first. They say nothing about the keys.

    Those that earlier versions noted beside a Fernet token were made otherwise and equal none of them.
    """
    return [key.id.hex() for key in _keys()]


@dataclass(frozen=True, slots=True, repr=False)
class _Key:
    """One key of the environment: what seals, what opens earlier versions' secrets, and the fingerprint."""

    id: bytes
    cipher: AESGCM
    fernet: Fernet


def _keys() -> list[_Key]:
    if not settings.CREDENTIAL_KEYS:
        raise KeysMissingError("Set MONIQO_CREDENTIAL_KEYS first: without a key nothing secret is stored.")
    return [_key(text) for text in settings.CREDENTIAL_KEYS]


@lru_cache(maxsize=16)
def _key(text: str) -> _Key:
    try:
        raw = base64.urlsafe_b64decode(text)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise KeysMissingError(
            "A key in MONIQO_CREDENTIAL_KEYS is not 32 bytes in url-safe base64: `manage.py generate_encryption_key` "
            "makes one."
        )
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_PURPOSE).derive(raw)
    return _Key(hashlib.sha256(derived).digest()[:_ID_BYTES], AESGCM(derived), Fernet(text))


def _bound(head: bytes, place: Sequence[str]) -> bytes:
    return head + json.dumps(list(place)).encode()


def _unseal_fernet(sealed: bytes, place: Sequence[str]) -> Secret:
    """Earlier versions wrote one Fernet token of the place and the value."""
    for key in _keys():
        try:
            *found, value = json.loads(key.fernet.decrypt(sealed))
        except (InvalidToken, ValueError):
            continue
        if found != list(place):
            raise MisplacedError("What is stored belongs somewhere else, or was altered.")
        return Secret(value)
    raise KeyLostError("It was encrypted with a key that is not configured.")
