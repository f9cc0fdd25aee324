"""Where a model may be asked in clear text."""

import pytest

from farms.advice.addresses import is_private, require_private_or_secure
from farms.advice.admin import EndpointForm
from kit.errors import InvalidInputError

pytestmark = pytest.mark.offline

NEAR = (
    "localhost:11434", "127.0.0.1:11434", "[::1]:8080", "10.1.2.3", "172.16.0.9", "172.31.255.1", "192.168.1.20",
    "[fd12:3456::1]", "ollama:11434", "models.local", "host.docker.internal:11434",
)  # fmt: skip
FAR = (
    "api.example.com", "8.8.8.8", "172.32.0.1", "169.254.169.254", "100.64.0.1", "192.0.2.1", "[2001:db8::1]",
    "[fe80::1]", "2130706433", "0x7f000001", ".local", "internal.example.com", "127.0.0.1.example.com",
)  # fmt: skip


@pytest.mark.parametrize("host", NEAR)
def test_the_own_network_may_be_asked_in_clear(host: str) -> None:
    require_private_or_secure(f"http://{host}/v1")


@pytest.mark.parametrize("host", FAR)
def test_everybody_else_is_asked_by_https_and_the_refusal_says_so(host: str) -> None:
    require_private_or_secure(f"https://{host}/v1")
    with pytest.raises(InvalidInputError, match="Ask this server by https"):
        require_private_or_secure(f"http://{host}/v1")


@pytest.mark.parametrize(
    ("address", "found"),
    [("127.0.0.1", True), ("::ffff:10.0.0.1", True), ("fd00::1", True), ("169.254.169.254", False),
     ("::ffff:169.254.169.254", False), ("fe80::1%eth0", False), ("93.184.215.14", False), ("100.64.0.1", False)],
)  # fmt: skip
def test_private_is_what_no_router_of_the_internet_carries_and_no_cloud_answers_at(address: str, found: bool) -> None:
    assert is_private(address) is found


def test_the_operators_form_says_it_at_the_address() -> None:
    assert "by https" in EndpointForm({"base_url": "http://models.example.com/v1"}).errors["base_url"][0]
    for address in ("http://127.0.0.1:11434/v1", "https://models.example.com/v1"):
        assert "base_url" not in EndpointForm({"base_url": address}).errors
