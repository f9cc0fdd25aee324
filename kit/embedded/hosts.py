"""Where `make run` listens: ports and addresses, IPv6 ones too, as people write them."""

import socket
from ipaddress import IPv6Address

from kit.embedded.process import ServiceError

# Bound everywhere, shown as what can be opened here.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def bare(host: str) -> str:
    """An address without the brackets that it has in a URL."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def url_of(host: str, port: int) -> str:
    """The address that people open."""
    shown = _EVERYWHERE.get(host, host)
    return f"http://{f'[{shown}]' if _is_v6(shown) else shown}:{port}"


def port_of(text: str) -> int:
    """The number in MONIQO_PORT."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 2**16:
        raise ServiceError(f"MONIQO_PORT is {text!r}: set it to a number between 1 and 65535.")
    return int(text)


def check(host: str, port: int) -> None:
    """Raise ServiceError with one sentence where nobody can listen."""
    try:
        _bind(host, port)
    except PermissionError as error:
        raise ServiceError(f"Port {port} needs privileges: choose one above 1023 with MONIQO_PORT.") from error
    except OSError as error:
        if isinstance(error, socket.gaierror) or not _is_local(host):
            raise ServiceError(f"MONIQO_HOST is {host!r}, no address of this machine: set it to 127.0.0.1.") from error
        raise ServiceError(
            f"Port {port} is in use: stop what uses it, or choose another with `make run MONIQO_PORT={port + 1}`."
        ) from error


def _bind(host: str, port: int) -> None:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        if port:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        if port:
            probe.listen(1)


def _is_local(host: str) -> bool:
    try:
        _bind(host, 0)
    except OSError:
        return False
    return True


def _is_v6(host: str) -> bool:
    try:
        IPv6Address(host)
    except ValueError:
        return False
    return True
