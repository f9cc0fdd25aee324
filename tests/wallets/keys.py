"""Keys of the simulated exchanges that look like those of the real ones."""

from tests.simulators.server import Exchanges
from tests.simulators.wire import Wire

WORD = "k3yS" * 16


def give_true_keys(exchanges: Exchanges) -> None:
    """Have every exchange take a key of the form that its platform asks for."""
    for slug, key, secret in (
        ("binance", WORD, WORD[::-1]),
        ("okx", "0a1b2c3d-0a1b-4c2d-8e3f-0a1b2c3d4e5f", "0123456789ABCDEF" * 2),
        ("bybit", WORD[:18], WORD[:36]),
        ("kraken", "A" * 56, "c2VjcmV0" * 11),
    ):
        held = exchanges.wires[slug].key
        held.key, held.secret = key, secret


def key_of(wire: Wire) -> dict[str, str]:
    """What a trader enters to connect the account there."""
    found = {"api_key": wire.key.key, "secret": wire.key.secret.strip(), "password": wire.key.password}
    return {name: value for name, value in found.items() if value}
