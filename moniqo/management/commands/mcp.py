"""`manage.py mcp`: the Model Context Protocol over standard input and output, for programs of a desktop."""

import asyncio
import importlib
import os
from typing import Any, Final, cast

from django.core.management.base import BaseCommand, CommandError

from kit.bodies import Application, Scope
from kit.crowding import Handler
from moniqo.protocols.calls import CALLS
from moniqo.protocols.inside import Answer, Inside

TOKEN: Final = "MONIQO_TOKEN"  # noqa: S105 - the variable's name


class Command(BaseCommand):
    help = f"Speak MCP over standard input and output, with the token in {TOKEN}: no token stands on a command line."

    def handle(self, **options: Any) -> None:
        text = os.environ.get(TOKEN, "")
        if not text:
            raise CommandError(f"Set {TOKEN} to a token: the settings make one.")
        asyncio.run(_speak(text))


async def _speak(text: str) -> None:
    inside, outer = Inside(cast("Application", Handler())), _outer(text)
    asker = await inside.asker(outer)
    if isinstance(asker, Answer):
        raise CommandError("The token does not count: it is over, revoked, or of another site.")
    server = importlib.import_module("moniqo.protocols.mcp.server").build(inside, lambda _: outer)
    stdio = importlib.import_module("mcp.server.stdio").stdio_server
    async with stdio() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())
    await CALLS.flush()


def _outer(text: str) -> Scope:
    """Who asks: a program on this machine."""
    headers = [
        (b"authorization", f"Bearer {text}".encode()),
        (b"host", b"localhost"),
        (b"user-agent", b"manage.py mcp"),
    ]
    return {
        "type": "http", "http_version": "1.1", "scheme": "http", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 0), "server": ("localhost", 0), "query_string": b"", "path": "/", "method": "POST",
    }  # fmt: skip
