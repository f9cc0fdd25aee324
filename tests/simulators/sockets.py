"""Websockets of the simulated exchanges: RFC 6455, as far as text, pings and closing go."""

import base64
import hashlib
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, RLock
from typing import Any, BinaryIO, Final

_MAGIC: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def accepted(key: str) -> str:
    """The answer to a client's key."""
    return base64.b64encode(hashlib.sha1((key + _MAGIC).encode()).digest()).decode()  # noqa: S324 - as the standard has it


@dataclass(eq=False)
class Socket:
    """One open line. `channels` is what the exchange has been asked to tell on it."""

    connection: socket.socket
    reader: BinaryIO
    address: str
    faults: "SocketFaults"
    channels: set[Any] = field(default_factory=set)
    is_signed_in: bool = False
    counts: Counter[Any] = field(default_factory=Counter)
    _turn: Lock = field(default_factory=Lock)
    _counting: RLock = field(default_factory=RLock)

    def send(self, message: Any) -> None:
        """What the exchange answers: an object as JSON, text as it is."""
        self._frame(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    def tell(self, message: Any) -> None:
        """What the exchange tells by itself, with whatever is wrong with it now; text as it is."""
        self.faults.through(self, message if isinstance(message, str) else json.dumps(message))

    def tell_counted(
        self, channel: Any, message: Callable[[int], Any], say: Callable[[Any], None] | None = None
    ) -> None:
        """The same for what is numbered from 1 in the order in which it is said; `say` is `send` for an answer."""
        with self._counting:
            self.counts[channel] += 1
            (say or self.tell)(message(self.counts[channel]))

    def drop(self) -> None:
        """Cut the line without a word."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def _frame(self, kind: int, body: bytes) -> None:
        if self.faults.is_silent:
            return
        size = len(body)
        head = bytes([0x80 | kind, size]) if size < 126 else bytes([0x80 | kind, 126]) + struct.pack(">H", size)
        with self._turn, suppress(OSError):  # the other side has gone
            self.connection.sendall(head + body)

    def messages(self) -> Iterator[str]:
        """What the client says, until it closes; its pings are answered."""
        while True:
            head = self.reader.read(2)
            if len(head) < 2:
                return
            kind, size = head[0] & 0x0F, head[1] & 0x7F
            if size >= 126:
                size = struct.unpack(">H" if size == 126 else ">Q", self.reader.read(2 if size == 126 else 8))[0]
            mask = self.reader.read(4)
            body = bytes(byte ^ mask[number % 4] for number, byte in enumerate(self.reader.read(size)))
            if kind == TEXT:
                yield body.decode()
            elif kind == PING:
                self._frame(PONG, body)
            elif kind == CLOSE:
                self._frame(CLOSE, body)
                return


@dataclass
class SocketFaults:
    """What is wrong with everything that the exchanges tell by themselves."""

    is_silent: bool = False  # an open line on which nothing comes, not even the answer to a ping
    doubles: bool = False
    loses: bool = False
    truncates: int = 0  # so many of the next ones break off in the middle
    held: list[tuple[Socket, str]] | None = None

    def through(self, line: Socket, text: str) -> None:
        if self.loses:
            return
        if self.held is not None:
            self.held.append((line, text))
            return
        if self.truncates:
            self.truncates -= 1
            text = text[: len(text) // 2]
        for _ in range(2 if self.doubles else 1):
            line.send(text)

    @contextmanager
    def reversed(self) -> Iterator[None]:
        """What is told inside comes at the end, the last first."""
        self.held = []
        yield
        held, self.held = self.held, None
        for line, text in held[::-1]:
            self.through(line, text)


class Lines:
    """All open lines of the server."""

    def __init__(self) -> None:
        self.faults = SocketFaults()
        self._open: list[Socket] = []
        self._turn = Lock()

    def add(self, line: Socket) -> None:
        with self._turn:
            self._open.append(line)

    def remove(self, line: Socket) -> None:
        with self._turn:
            if line in self._open:
                self._open.remove(line)

    def open(self, part: str = "") -> list[Socket]:
        """Those whose address contains `part`."""
        with self._turn:
            return [line for line in self._open if part in line.address]

    def tell(self, part: str, channel: Any, message: Any) -> None:
        """Tell it on every line of this address that was asked for the channel."""
        for line in self.asked(part, channel):
            line.tell(message)

    def asked(self, part: str, channel: Any) -> list[Socket]:
        """Every line of this address that was asked for the channel."""
        return [line for line in self.open(part) if channel in line.channels]

    def drop(self, part: str = "") -> int:
        found = self.open(part)
        for line in found:
            line.drop()
        return len(found)
