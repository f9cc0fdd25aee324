"""`python -m tests.simulators.many`: the simulated Binance for thousands of accounts, as lean as it can be.

Each request is taken apart, its key and signature are checked and its answer is made by the simulator that the tests
use; only the HTTP in front of it is aiohttp's, because it has the machine in common with what is measured. Every
account has a key of its own, which begins with its number, all of them one secret; those whose number is below `moved`
hold one USDT more. What they hold, the secret and the end of every key are given as JSON.
"""

import json
import socket
import sys
import time
from decimal import Decimal
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from tests.simulators.binance import Binance
from tests.simulators.sockets import Lines
from tests.simulators.wire import Request

DIGITS: Final = 8
GIVEN: Final = json.loads(sys.argv[1]) if __name__ == "__main__" else {}


class Accounts(Binance):
    """An exchange at which every account holds the same."""

    def __init__(self, extra: Decimal = Decimal(0)) -> None:
        super().__init__()
        self.use(Lines())
        for asset, held in GIVEN["held"].items():
            self.account.deposit(asset, held)
        self.account.deposit("USDT", extra)
        self.key.secret = GIVEN["secret"]

    def check(self, request: Request) -> None:
        told = request.headers.get("x-mbx-apikey", "")
        self.key.key = told if told[DIGITS:] == GIVEN["tail"] else ""
        super().check(request)


class Server:
    """What answers, and what it has cost."""

    def __init__(self) -> None:
        self.usual, self.other, self.moved = Accounts(), Accounts(Decimal(1)), 0

    async def answer(self, asked: web.Request) -> web.Response:
        _, host, path = asked.raw_path.partition("?")[0].split("/", 2)
        headers = {name.lower(): value for name, value in asked.headers.items()}
        request = Request(
            method=asked.method,
            host=host,
            path=f"/{path}",
            query_string=asked.rel_url.raw_query_string,
            query=parse_qsl(asked.rel_url.raw_query_string, keep_blank_values=True),
            body=await asked.text(),
            headers=headers,
        )
        number = headers.get("x-mbx-apikey", "")[:DIGITS]
        wire = self.other if number.isdigit() and int(number) < self.moved else self.usual
        status, text = wire.answer(request)
        return web.Response(text=text, status=status, content_type="application/json")

    async def move(self, asked: web.Request) -> web.Response:
        self.moved = int(asked.query["moved"])
        return web.json_response({"moved": self.moved})

    async def plain(self, asked: web.Request) -> web.Response:
        """What an account is told, to anybody: the reference."""
        return web.json_response(self.usual.balances(None))  # type: ignore[arg-type]  # it asks for nothing of it

    async def cost(self, asked: web.Request) -> web.Response:
        return web.json_response(time.process_time())


async def begin() -> web.Application:
    """The application."""
    server, app = Server(), web.Application()
    app.router.add_get("/bench/cost", server.cost)
    app.router.add_get("/bench/move", server.move)
    app.router.add_get("/bench/plain", server.plain)
    app.router.add_route("*", "/{path:.*}", server.answer)
    return app


def main() -> None:
    """Listen on a port that is free and say which."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    web.run_app(begin(), sock=listening, print=None, access_log=None)


if __name__ == "__main__":
    main()
