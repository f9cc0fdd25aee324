"""The one table of how a status looks. Its words are the models' labels, or stand where the status is told."""

from typing import Final

# What is not named here has no colour: nothing to be glad or sorry about.
COLOURS: Final = {
    "order": {"filled": "ok", "rejected": "bad", "uncertain": "warn", "expired": "warn"},
    "run": {"enter": "ok", "exit": "brand", "skip": "warn"},
    "farm": {"running": "ok", "rehearsing": "brand"},
    "agent": {"running": "ok", "failing": "warn", "failed": "bad"},
    "wallet": {"halted": "bad", "reducing": "warn", "off_target": "warn"},
    "connection": {"ok": "ok", "stale": "warn", "failed": "bad"},
    "sync": {"ok": "ok", "drift": "warn", "failed": "bad"},
    "token": {"in_force": "ok"},
}


def colour(of: str, status: str) -> str:
    """How the chip of a thing's status looks: `ok`, `warn`, `bad`, `brand` or nothing. `of` is a key of `COLOURS`."""
    return COLOURS[of].get(status, "")
