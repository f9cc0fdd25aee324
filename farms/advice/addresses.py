"""Where a model may be asked in clear text: a key and an owner's numbers do not leave the own network unencrypted.

A name is looked at when it is entered, and what it led to when it is connected, before anything is sent: a name without
a dot may be a public one (`http://ai`), and any name may lead anywhere.
"""

from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from kit.errors import InvalidInputError

# Loopback, RFC 1918, and unique local addresses of IPv6. Not 169.254.0.0/16, where clouds answer who a machine is.
_NEAR: Final = tuple(
    map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
# Names that are nobody's in public: multicast DNS, and what ICANN keeps for private use (host.docker.internal).
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


def is_private(text: str) -> bool:
    """Whether this address is of this machine or of a private network. Raises ValueError for what is no address."""
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    found = mapped or address
    return any(found.version == network.version and found in network for network in _NEAR)


def _is_near(host: str) -> bool:
    try:
        return is_private(host)
    except ValueError:  # a name; 2130706433 and 0x7f000001 are addresses to a resolver, of whoever
        name = host.rstrip(".")
        return name[:1].isalpha() and ("." not in name or name.endswith(_NEAR_NAMES))
