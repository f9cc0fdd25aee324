"""Django's debug page, for whoever asks for it with MONIQO_DEBUG=1, without anything that opens a door.

Django hides settings whose names say that they are secret. Addresses carry passwords too, and so do the local
variables, arguments and connection parameters that a traceback shows. So the secrets of this process are collected by
value, and whatever report is made, they are not in it.
"""

import html
import os
import re
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

MASK = "********"
_NAMES = re.compile("API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|URL$|DSN|LOCATION|BROKER", re.IGNORECASE)
_SETTINGS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "CREDENTIAL_KEYS")
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.IGNORECASE)
_SHORTEST = 4  # what is shorter stands everywhere in a page by chance


class MaskingFilter(SafeExceptionReporterFilter):
    """Django's list of names, and those of addresses."""

    hidden_settings = _NAMES
    cleansed_substitute = MASK


class MaskingReporter(ExceptionReporter):
    """A report in which no secret of this process stands, wherever it came from."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(masked(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(masked(super().get_traceback_text()))


def masked(text: str) -> str:
    """`text` with the value of every secret replaced, however it is written: as it is, for an address, for a page."""
    for secret in sorted(_secrets(), key=len, reverse=True):
        for written in sorted(_spellings(secret), key=len, reverse=True):
            text = text.replace(written, MASK)
    return text


def _spellings(secret: str) -> set[str]:
    plain = {secret, unquote(secret)}
    plain |= {quote(text) for text in plain} | {quote(text, safe="") for text in plain}
    shown = {html.escape(text) for text in plain} | {html.escape(repr(text)[1:-1]) for text in plain}
    return plain | shown


def _secrets() -> set[str]:
    """Keys, and the passwords of databases and of every address in settings and environment."""
    found: set[Any] = set()
    for name in _SETTINGS:
        value = getattr(settings, name, None) or ()
        found.update([value] if isinstance(value, str) else value)
    found.update(database.get("PASSWORD") for database in settings.DATABASES.values())
    addresses = [*os.environ.values(), *(str(getattr(settings, name)) for name in dir(settings) if name.isupper())]
    found.update(secret for address in addresses for secret in _IN_ADDRESS.findall(address))
    return {secret for secret in found if isinstance(secret, str) and len(secret) >= _SHORTEST}
