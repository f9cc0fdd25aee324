"""One request to an address that a user has given, which may be anything.

Whoever may name an address that this server calls could have it call what only this server reaches: a database, a
router, the metadata of a cloud. So the name is resolved once, every address that it has must be public, and the
connection goes to one that was looked at: a name that resolves differently a moment later gains nothing. Redirects are
not followed, the answer is read up to a few thousand characters, and the whole takes ten seconds at most, however
slowly the other side speaks. Operators whose receivers stand in their own network set MONIQO_CHANNELS_REACH_PRIVATE.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Event, Timer
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from django.conf import settings

from kit.errors import MoniqoError

SECONDS: Final = 10.0
MOST_ANSWER: Final = 4096
# Networks of IPv6 whose addresses carry one of IPv4, which would have to be looked at instead: NAT64 and 6to4.
_CARRIERS: Final = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16"))
_SAFE: Final = "%/:=&?~#+!$,;'@()*[]"


class OutsideError(MoniqoError):
    """The other side could not be asked, or did not answer; the sentence says why and holds no secret."""

    code = "unreachable"
    status = 422


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; `wait` is the seconds that it asks to be left alone, 0 if it does not."""

    status: int
    text: str
    wait: int = 0


def read_address(url: str) -> SplitResult:
    """The address in parts. Raises OutsideError for what is no address that may be called, without calling anything."""
    wanted = "Enter an address that begins with https://."
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise OutsideError(wanted) from error
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.CHANNELS_REACH_PRIVATE):
        raise OutsideError(wanted)
    if not host or parts.username is not None or parts.password is not None:
        raise OutsideError("Enter an address with the name of a server, and without a name and password before it.")
    with contextlib.suppress(ValueError):
        _require_public(host)
    if host == "localhost" or host.endswith(".localhost"):
        _refuse_private()
    return parts


def post(url: str, *, body: bytes, headers: Mapping[str, str], most: int = MOST_ANSWER) -> Answer:
    """Send `body` to `url` and read `most` bytes of the answer. Raises OutsideError."""
    parts = read_address(url)
    host, is_secure = str(parts.hostname), parts.scheme == "https"
    port = parts.port or (443 if is_secure else 80)
    kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
    connection = kind(host.encode("idna").decode(), port, timeout=SECONDS)
    try:
        plain = _connect(host, port)
        with contextlib.closing(connection), at_most(plain, SECONDS):
            connection.sock = _secured(plain, host) if is_secure else plain
            connection.request("POST", target, body, {"User-Agent": "Moniqo", **headers})
            response = connection.getresponse()
            text = response.read(most).decode("utf-8", "replace")
    except (TimeoutError, socket.gaierror, ssl.SSLError, OSError, http.client.HTTPException, UnicodeError) as error:
        raise OutsideError(_in_words(error, host)) from error
    return Answer(response.status, text, _wait(response.headers.get("Retry-After", "")))


def _connect(host: str, port: int) -> socket.socket:
    """A connection to the first of its addresses that answers; none of them may be private."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, place in found:
        _require_public(str(place[0]))
    refused: OSError = OSError("no address")
    for family, kind, protocol, _, place in found[:2]:
        made = socket.socket(family, kind, protocol)
        made.settimeout(SECONDS / 2)
        try:
            made.connect(place)
        except OSError as error:
            made.close()
            refused = error
        else:
            return made
    raise refused


def _secured(plain: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(plain, server_hostname=host)


@contextlib.contextmanager
def at_most(plain: socket.socket, seconds: float) -> Iterator[None]:
    """End the connection after `seconds` even where each single byte comes in time."""
    late = Event()

    def end() -> None:
        late.set()
        with contextlib.suppress(OSError):
            plain.shutdown(socket.SHUT_RDWR)

    # The socket that TLS wraps is another object with the same descriptor: this one is only ever shut down.
    plain = plain.dup()
    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        plain.close()


def _require_public(text: str) -> None:
    """Raise OutsideError for an address of this machine or of a private network, ValueError for what is none."""
    address: Any = ipaddress.ip_address(text.partition("%")[0])
    if getattr(address, "ipv4_mapped", None):
        address = address.ipv4_mapped
    carries = address.version == 6 and any(address in network for network in _CARRIERS)
    if carries or not address.is_global or address.is_multicast:
        _refuse_private()


def _refuse_private() -> None:
    if not settings.CHANNELS_REACH_PRIVATE:
        raise OutsideError("This address leads into a private network, which is not called: use a public one.")


def _wait(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _in_words(error: Exception, host: str) -> str:
    match error:
        case TimeoutError():
            return f"{host} did not answer within {SECONDS:.0f} seconds."
        case socket.gaierror() | UnicodeError():
            return f"There is no server {host}."
        case ssl.SSLCertVerificationError():
            return f"The certificate of {host} is not to be trusted: {error.verify_message}."
        case ssl.SSLError():
            return f"{host} does not speak TLS as it should."
        case ConnectionRefusedError():
            return f"{host} refused the connection."
        case http.client.HTTPException():
            return f"{host} answered something that is no HTTP."
        case _:
            return f"The connection to {host} broke."
