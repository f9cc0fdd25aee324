"""`check --deploy` refuses secrets that are none, and says nothing about their value."""

import base64
import os
import secrets
from typing import Any

import pytest
from django.core.checks import run_checks

from moniqo.checks import check_secrets

pytestmark = pytest.mark.offline


def key(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


@pytest.fixture(autouse=True)
def sound(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secrets.token_hex(48), [secrets.token_urlsafe(64)]
    settings.CREDENTIAL_KEYS = [key(os.urandom(32)), key(os.urandom(32))]


def test_random_ones_pass_however_often_they_are_made(settings: Any) -> None:
    for _ in range(200):
        settings.SECRET_KEY, settings.CREDENTIAL_KEYS = secrets.token_hex(48), [key(os.urandom(32))]
        assert check_secrets(None) == []


@pytest.mark.parametrize(
    "secret",
    [
        "brief",
        "a" * 60,
        "ab" * 30,
        "password12" * 6,
        "tests-only-" * 6,
        "used-while-collecting-static-files-" + "x1y2z3" * 5,
    ],
)
def test_a_weak_secret_key_is_an_error(secret: str, settings: Any) -> None:
    settings.SECRET_KEY = secret
    (error,) = check_secrets(None)
    assert error.msg.startswith("MONIQO_SECRET_KEY ")
    assert not secret or secret not in f"{error.msg} {error.hint}"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = secrets.token_hex(48), [secret]
    (error,) = check_secrets(None)
    assert error.msg.startswith("MONIQO_SECRET_KEY_FALLBACKS ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not a key", "no url-safe base64"),
        ("ä" * 43 + "=", "no url-safe base64"),
        (key(b"too short"), "32 bytes"),
        (key(bytes(range(33))), "32 bytes"),
        (key(bytes(32)), "not random"),
        (key(b"0123456789" * 3 + b"01"), "in the repository"),
        (key(b"abcd" * 8), "not random"),
        (key(b"a password of thirty-two letters"[:32].ljust(32)), "not random"),
    ],
)
def test_a_weak_or_malformed_credential_key_is_an_error(text: str, said: str, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = [key(os.urandom(32)), text]
    (error,) = check_secrets(None)
    assert said in error.msg
    assert "number 2" in error.msg
    assert text not in f"{error.msg} {error.hint}"


def test_it_is_asked_of_deployments_and_not_of_a_laptop(settings: Any) -> None:
    settings.CREDENTIAL_KEYS = []
    assert "moniqo.E001" in {error.id for error in run_checks(include_deployment_checks=True)}
    assert "moniqo.E001" not in {error.id for error in run_checks()}
