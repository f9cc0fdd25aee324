"""Sealed secrets open where they belong, with the key they name, and nowhere else."""

import base64
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from kit.embedded.environment import new_encryption_key
from kit.sealing import KeyLostError, KeysMissingError, MisplacedError, is_newest, key_ids, seal, unseal

pytestmark = pytest.mark.offline

PLACE = ("owner", "connection", "api_key")


@given(st.text())
def test_whatever_is_sealed_comes_back(value: str) -> None:
    assert unseal(seal(value, place=PLACE), place=PLACE) == value


def test_the_layout_is_what_the_module_says() -> None:
    """Opened by hand, from the words of the docstring alone."""
    sealed = seal("a secret", place=PLACE)
    raw = base64.urlsafe_b64decode(settings.CREDENTIAL_KEYS[0])
    key = HKDF(SHA256(), 32, salt=None, info=b"moniqo sealing aes-256-gcm v1").derive(raw)
    version, fingerprint, nonce, rest = sealed[:1], sealed[1:9], sealed[9:21], sealed[21:]
    assert version == b"\x01"
    assert fingerprint.hex() == key_ids()[0]
    bound = version + fingerprint + json.dumps(list(PLACE)).encode()
    assert AESGCM(key).decrypt(nonce, rest, bound) == b"a secret"


def test_no_nonce_comes_twice() -> None:
    assert len({seal("a secret", place=PLACE)[9:21] for _ in range(1000)}) == 1000


@pytest.mark.parametrize("number", range(3))
def test_every_part_of_the_place_counts(number: int) -> None:
    elsewhere = [*PLACE]
    elsewhere[number] += "2"
    with pytest.raises(MisplacedError):
        unseal(seal("a secret", place=PLACE), place=elsewhere)


def test_parts_of_a_place_do_not_run_into_each_other() -> None:
    with pytest.raises(MisplacedError):
        unseal(seal("a secret", place=("ab", "c")), place=("a", "bc"))


def test_no_altered_byte_opens() -> None:
    sealed = seal("a secret", place=PLACE)
    for position in range(len(sealed)):
        altered = bytearray(sealed)
        altered[position] ^= 1
        with pytest.raises((MisplacedError, KeyLostError)):
            unseal(bytes(altered), place=PLACE)
    for length in range(len(sealed)):
        with pytest.raises((MisplacedError, KeyLostError)):
            unseal(sealed[:length], place=PLACE)


def test_the_key_is_found_among_several_and_a_lost_one_is_lost(settings: Any) -> None:
    old, new = new_encryption_key(), new_encryption_key()
    settings.CREDENTIAL_KEYS = [old]
    sealed = seal("a secret", place=PLACE)
    assert is_newest(sealed)
    settings.CREDENTIAL_KEYS = [new, old]
    assert unseal(sealed, place=PLACE) == "a secret"
    assert not is_newest(sealed)
    settings.CREDENTIAL_KEYS = [new]
    with pytest.raises(KeyLostError):
        unseal(sealed, place=PLACE)


def test_what_an_earlier_version_wrote_opens_and_is_old_under_the_same_key() -> None:
    token = Fernet(settings.CREDENTIAL_KEYS[0]).encrypt(json.dumps([*PLACE, "a secret"]).encode())
    assert unseal(token, place=PLACE) == "a secret"
    assert not is_newest(token)
    with pytest.raises(MisplacedError):
        unseal(token, place=(*PLACE[:2], "secret"))


@pytest.mark.parametrize("key", ["", "short", "c2hvcnQ=", "not base64 at all, nor 32 bytes of anything"])
def test_a_key_that_is_none_says_how_to_make_one(settings: Any, key: str) -> None:
    settings.CREDENTIAL_KEYS = [key]
    with pytest.raises(KeysMissingError, match="generate_encryption_key") as refusal:
        seal("a secret", place=PLACE)
    assert not key or key not in str(refusal.value)


def test_a_secret_does_not_show_itself_in_a_list_of_values() -> None:
    opened = unseal(seal("a secret", place=PLACE), place=PLACE)
    assert "a secret" not in f"{opened!r} { {'secret': opened} } {[opened]}"
    assert f"{opened}" == "a secret"
