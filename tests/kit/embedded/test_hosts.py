"""Where `make run` listens, as people write it."""

import socket

import pytest

from kit.embedded import hosts
from kit.embedded.process import ServiceError

pytestmark = pytest.mark.offline


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - shown, not bound
        ("localhost", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("[::1]", "http://[::1]:8000"),
        ("::", "http://[::1]:8000"),
        ("2001:db8::7", "http://[2001:db8::7]:8000"),
    ],
)
def test_an_address_is_shown_as_a_browser_opens_it(host: str, url: str) -> None:
    assert hosts.url_of(hosts.bare(host), 8000) == url


def test_a_port_of_ipv6_is_looked_at_too() -> None:
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:  # a machine without IPv6 has no such address, and it is said
        with pytest.raises(ServiceError, match="no address of this machine"):
            hosts.check("::1", 8000)
        return
    with server:
        port = server.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} is in use"):
            hosts.check("::1", port)
    hosts.check("::1", port)


@pytest.mark.parametrize("port", ["", "http", "0", "70000", "-1", "٨٠٠٠", "8_000"])
def test_a_port_is_a_number(port: str) -> None:
    with pytest.raises(ServiceError, match="number between 1 and 65535"):
        hosts.port_of(port)
