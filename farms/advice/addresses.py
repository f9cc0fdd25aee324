"""Where a model may be asked in clear text: a key and an owner's numbers do not leave the own network unencrypted."""

from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from kit.errors import InvalidInputError

# Loopback, RFC 1918, and unique local addresses of IPv6.
_NEAR: Final = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
# Names that no public server answers to: multicast DNS, and what ICANN keeps for private use (host.docker.internal).
_NEAR_NAMES: Final = (".local", ".internal")


def require_private_or_secure(base_url: str) -> None:
    """Raise InvalidInputError for an address that would be asked in clear text beyond this machine and its network."""
    parts = urlsplit(base_url)
    if parts.scheme != "https" and not _is_near(parts.hostname or ""):
        raise InvalidInputError(
            "Ask this server by https: in clear, by http, a model is asked on this machine or in a private network "
            "only (127.0.0.1, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7, names without a dot, .local and "
            ".internal)."
        )


def _is_near(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:  # a name; 2130706433 and 0x7f000001 are addresses to a resolver, of whoever
        name = host.rstrip(".")
        return name[:1].isalpha() and ("." not in name or name.endswith(_NEAR_NAMES))
    return any(address.version == network.version and address in network for network in _NEAR)
