"""The one server in front of all simulated exchanges."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from tests.simulators.binance import Binance
from tests.simulators.bybit import Bybit
from tests.simulators.coinbase import Coinbase
from tests.simulators.faults import Fault
from tests.simulators.kraken import Kraken
from tests.simulators.okx import Okx
from tests.simulators.sockets import Lines, Socket, accepted
from tests.simulators.wire import Request, Wire

MAKERS: Final[dict[str, Callable[[], Wire]]] = {
    "binance": Binance,
    "okx": Okx,
    "bybit": Bybit,
    "coinbase": Coinbase,
    "kraken": Kraken,
}
# A lost answer is held back for so long, unless the test ends first.
LOST_SECONDS: Final = 10.0


@dataclass
class Exchanges:
    """Everything behind the server; `reset` makes it new without starting it again."""

    wires: dict[str, Wire] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    released: Event = field(default_factory=Event)
    lines: Lines = field(default_factory=Lines)

    def reset(self) -> None:
        self.released.set()  # whoever still waits for a lost answer
        self.released = Event()
        self.lines.drop()
        self.lines = Lines()
        self.wires = {name: make() for name, make in MAKERS.items()}
        for wire in self.wires.values():
            wire.use(self.lines)
        self.faults, self.asked = [], []

    def fail(self, path: str, kind: Any, **given: Any) -> Fault:
        """Let the next requests of this path go wrong."""
        fault = Fault(path, kind, **given)
        self.faults.append(fault)
        return fault

    def wire_of(self, host: str) -> Wire | None:
        return next((wire for wire in self.wires.values() if host in wire.hosts), None)

    def next_fault(self, request: Request) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and fault.path in request.path and fault.method in ("", request.method):
                fault.times -= 1
                return fault
        return None

    def binance(self) -> Binance:
        return self.wires["binance"]  # type: ignore[return-value]

    def okx(self) -> Okx:
        return self.wires["okx"]  # type: ignore[return-value]


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine until it is closed."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, exchanges: Exchanges) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exchanges = exchanges
        self.turn = Lock()
        exchanges.url = f"http://127.0.0.1:{self.server_address[1]}"
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: Any) -> None:
        self.exchanges.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away, as one does whose time was up, is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    # Head and body leave together: apart, the second waits 40 ms for the other side's nod.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._listen()
            return
        address = urlsplit(self.path)
        _, host, *rest = address.path.split("/", 2)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = Request(
            method=self.command,
            host=host,
            path="/" + (rest[0] if rest else ""),
            query_string=address.query,
            query=parse_qsl(address.query, keep_blank_values=True),
            body=body,
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        exchanges = self.server.exchanges
        with self.server.turn:
            exchanges.asked.append(f"{request.method} {request.path}")
            wire, fault = exchanges.wire_of(host), exchanges.next_fault(request)
            if fault and fault.kind in ("lost_before", "answer"):
                status, answer = fault.status, fault.body
            elif wire is None:
                status, answer = 404, json.dumps({"message": f"no exchange at {host}"})
            else:
                status, answer = _answer(wire, request)
        self._send(status, answer, fault, exchanges.released)

    def _listen(self) -> None:
        exchanges = self.server.exchanges
        lines, host = exchanges.lines, self.path.split("/", 2)[1]
        wire = exchanges.wire_of(host.partition(":")[0])
        self.close_connection = True
        if wire is None or not wire.opens(self.path):
            self._send(404, "{}", None, exchanges.released)
            return
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accepted(self.headers["Sec-WebSocket-Key"])),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()
        line = Socket(self.connection, self.rfile, self.path, lines.faults)  # type: ignore[arg-type]  # its rfile is buffered
        lines.add(line)
        try:
            wire.connected(line)
            for message in line.messages():
                with self.server.turn:
                    wire.told(line, message)
        except OSError:
            """The other side has gone."""
        finally:
            lines.remove(line)

    do_GET = do_POST = do_DELETE = do_PUT = _handle  # noqa: N815  # the names that http.server calls

    def _send(self, status: int, answer: str, fault: Fault | None, released: Event) -> None:
        if fault and fault.kind in ("lost_before", "lost_after"):
            released.wait(LOST_SECONDS)
        if fault and fault.kind in ("lost_before", "lost_after", "cut_after"):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        sent = answer[: len(answer) // 2] if fault and fault.kind == "truncated" else answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent.encode())))
        for name, value in (fault.headers if fault else {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(sent.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""


def _answer(wire: Wire, request: Request) -> tuple[int, str]:
    """What the exchange answers; what breaks here says so, and looks like no line that was cut."""
    try:
        return wire.answer(request)
    except Exception as error:  # noqa: BLE001 - whoever asked is told
        return 500, json.dumps({"message": f"The simulator broke: {type(error).__name__}: {error}"})
