"""What programs call is written down: which token, what, with which arguments (their hash), what came of it, how long.

Acts stand in the audit log with what they changed, written with them. This is of every call, reading ones too, and is
written a moment later for many at once: what was called in the last second of a process that is killed may be missing.
"""

import asyncio
import json
import logging
from collections import defaultdict, deque
from hashlib import sha256
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.db import Error, connections

from kit import clock, tenancy
from kit.audit.models import Call
from kit.users.models import Token

SOON_SECONDS: Final = 1.0
LATER_SECONDS: Final = 10.0
# While the database is away no more than so many wait; older ones are lost then.
WAITING_MOST: Final = 10_000
TOOL_LENGTH: Final = 60

Protocol = Call.Protocol
logger = logging.getLogger(__name__)


class Calls:
    """Those of a process that wait to be written."""

    def __init__(self) -> None:
        self._waiting: deque[dict[str, Any]] = deque(maxlen=WAITING_MOST)
        self._writing: asyncio.Task[None] | None = None

    def note(
        self, token_id: UUID, protocol: Protocol, tool: str, arguments: object, *, status: int, began: float
    ) -> None:
        """A call that has ended, or whose stream begins now; `began` is the monotonic clock then."""
        self._waiting.append(
            {
                "at": clock.now(),
                "token_id": token_id,
                "protocol": protocol,
                "tool": tool[:TOOL_LENGTH],
                "arguments": sha256(_written(arguments)).hexdigest(),
                "status": status,
                "milliseconds": round((monotonic() - began) * 1000),
            }
        )
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def flush(self) -> None:
        """Write what waits now. Raises Error of the database, and nothing is lost then."""
        rows = list(self._waiting)
        self._waiting.clear()
        try:
            await asyncio.to_thread(_write, rows)
        except Error:
            self._waiting.extendleft(reversed(rows))
            raise

    async def _write_soon(self) -> None:
        await asyncio.sleep(SOON_SECONDS)
        while self._waiting:
            try:
                await self.flush()
            except Error as error:
                logger.warning("What programs called is written down later: %s", type(error).__name__)
                await asyncio.sleep(LATER_SECONDS)


CALLS: Final = Calls()


def _written(arguments: object) -> bytes:
    """Never raises: what was called is done by now."""
    if isinstance(arguments, bytes):
        return arguments
    try:
        text = json.dumps(arguments, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        logger.warning("Arguments of a call have no mark: %s", type(error).__name__)
        return b""
    return text.encode(errors="surrogatepass")


def _write(rows: list[dict[str, Any]]) -> None:
    try:
        with tenancy.system():  # to ask whose tokens they are
            tokens = Token.objects.filter(pk__in={row["token_id"] for row in rows})
            owners = dict(tokens.values_list("pk", "owner_id"))
        of_owner: dict[UUID, list[Call]] = defaultdict(list)
        for row in rows:
            if (owner_id := owners.get(row["token_id"])) is not None:
                of_owner[owner_id].append(Call(owner_id=owner_id, **row))
        for owner_id, calls in of_owner.items():
            with tenancy.tenant(owner_id):
                Call.objects.bulk_create(calls)
    finally:
        connections.close_all()
