"""What an order is called at a venue.

A client order id is one name for ever, and every venue has its own idea of what a name may look like. An id that fits
is used as it is. One of Moniqo's own (`mq` and 25 letters of base32: 125 bits) becomes the same number in hexadecimal,
and back, for venues that want a UUID. Any other id becomes the hash of itself, which is the same every time, and cannot
be turned back: a venue's list then names the order by what the venue calls it.
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

PREFIX: Final = "mq"
_OURS: Final = re.compile(r"mq([a-z2-7]{25})")
_BITS: Final = 125


@dataclass(frozen=True, slots=True)
class Names:
    """A venue's rule: `fits` is a pattern that a whole name must match; others are rewritten in `length` characters."""

    fits: str
    length: int = 32
    is_uuid: bool = False

    def sent(self, client_order_id: str) -> str:
        """The name at the venue."""
        if not self.is_uuid and re.fullmatch(self.fits, client_order_id):
            return client_order_id
        if self.is_uuid and (ours := _OURS.fullmatch(client_order_id)):
            return f"{_number(ours[1]):032x}"
        return hashlib.sha256(client_order_id.encode()).hexdigest()[: self.length]

    def heard(self, name: str) -> str:
        """The client order id behind a name that the venue tells."""
        plain = name.replace("-", "").lower()
        if self.is_uuid and re.fullmatch(r"[0-9a-f]{32}", plain) and (value := int(plain, 16)) < 1 << _BITS:
            return PREFIX + _letters(value)
        return name


def _number(letters: str) -> int:
    padded = base64.b32decode((letters + "a" * 7).upper())  # 25 letters are 125 bits, 32 are 20 bytes
    return int.from_bytes(padded) >> (len(padded) * 8 - _BITS)


def _letters(value: int) -> str:
    return base64.b32encode((value << (160 - _BITS)).to_bytes(20)).decode().lower()[:25]
