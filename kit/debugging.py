"""Django's debug page, for whoever asks for it with MONIQO_DEBUG=1, without anything that opens a door.

Django hides settings whose names say that they are secret. Addresses carry passwords too, and so do the local
variables, arguments and connection parameters that a traceback shows, and what somebody has just typed. So secrets are
collected by value: those of this process, what the request brings, and every `kit.sealing.Secret` that the frames of
the traceback hold. Whatever report is made, on a page or in a mail, they are not in it.
"""

import html
import json
import os
import re
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any
from urllib.parse import quote, unquote

from django.conf import settings
from django.http import HttpRequest
from django.http.request import RawPostDataException
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from kit.sealing import Secret

MASK = "********"
_NAMES = re.compile("API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|URL$|DSN|LOCATION|BROKER", re.IGNORECASE)
_SETTINGS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "CREDENTIAL_KEYS")
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/@:]*:([^\s/@]+)@", re.IGNORECASE)
_SHORTEST = 4  # what is shorter stands everywhere in a page by chance
_SHORTEST_TYPED = 8  # of what was typed into a field whose name says nothing
_DEPTH = 3  # how deep a variable is searched: a dictionary of an object of the frame


class MaskingFilter(SafeExceptionReporterFilter):
    """Django's list of names, those of addresses, and nothing that was typed into a form."""

    hidden_settings = _NAMES
    cleansed_substitute = MASK

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, str]:
        return dict.fromkeys(request.POST, MASK) if request is not None else {}


class MaskingReporter(ExceptionReporter):
    """A report in which no secret of this process or of its request stands, wherever it came from."""

    def get_traceback_html(self) -> SafeString:
        return SafeString(masked(super().get_traceback_html(), also=self._met()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(masked(super().get_traceback_text(), also=self._met()))

    def _met(self) -> set[str]:
        return {*_typed(self.request), *_in_frames(self.exc_value, self.tb)}


def _typed(request: HttpRequest | None) -> Iterator[str]:
    """What the request brings in a form or a JSON body that could be a secret."""
    if request is None:
        return
    try:
        sent = json.loads(request.body)
    except (ValueError, RawPostDataException):
        sent = {}
    for name, value in (*_leaves("", sent), *((name, str(value)) for name, value in request.POST.items())):
        if len(value) >= (_SHORTEST if _NAMES.search(name) else _SHORTEST_TYPED):
            yield value


def _leaves(name: str, sent: Any) -> Iterator[tuple[str, str]]:
    if isinstance(sent, Mapping):
        for key, value in sent.items():
            yield from _leaves(str(key), value)
    elif isinstance(sent, list):
        for value in sent:
            yield from _leaves(name, value)
    elif isinstance(sent, str):
        yield name, sent


def _in_frames(error: BaseException | None, traceback: TracebackType | None) -> Iterator[str]:
    """The secrets in the variables of every frame of the error, and of those that it came from."""
    seen: set[int] = set()
    while traceback is not None:
        for value in list(traceback.tb_frame.f_locals.values()):
            yield from _held(value, _DEPTH)
        traceback = traceback.tb_next
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
        if error is not None:
            yield from _in_frames(None, error.__traceback__)


def _held(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Secret):
        yield str(value)
    elif depth:
        for item in _inside(value):
            yield from _held(item, depth - 1)


def _inside(value: Any) -> list[Any]:
    """What a container or an object holds, without running any code of its class."""
    if isinstance(value, list | tuple | set):
        return list(value)
    if not isinstance(value, dict):
        try:
            value = object.__getattribute__(value, "__dict__")
        except AttributeError:
            return []
    return list(value.values()) if isinstance(value, dict) else []


def masked(text: str, *, also: set[str] | None = None) -> str:
    """`text` with the value of every secret replaced, however it is written: as it is, for an address, for a page."""
    for secret in sorted({*_secrets(), *(also or ())}, key=len, reverse=True):
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
