"""What the simulated exchanges have in common: requests, keys, and a table of routes."""

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from tests.simulators.account import Account, RefusedError
from tests.simulators.sockets import Lines, Socket


@dataclass
class Request:
    """One request, the exchange's host taken off its path."""

    method: str
    host: str
    path: str
    query_string: str
    query: list[tuple[str, str]]
    body: str
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, Any]:
        """What was asked, wherever it stands."""
        if self.body.startswith(("{", "[")):
            told = json.loads(self.body)
            return dict(self.query) | (told[0] if isinstance(told, list) else told)
        return dict(self.query) | dict(parse_qsl(self.body, keep_blank_values=True))


@dataclass
class Key:
    """An API key: what it may do, and from where."""

    key: str
    secret: str
    password: str = ""
    rights: set[str] = field(default_factory=lambda: {"read", "trade"})
    is_expired: bool = False
    is_elsewhere: bool = False  # it works from other addresses only


class SaidNoError(Exception):
    """An answer that is an error: status and body."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


Route = Callable[[Any, Request], Any]


class Wire(ABC):
    """One exchange. Routes are `METHOD /path`; a private one is called when the signature is right."""

    hosts: ClassVar[tuple[str, ...]] = ()
    public: ClassVar[dict[str, str]] = {}
    private: ClassVar[dict[str, str]] = {}

    account: Account
    key: Key
    lines: Lines

    def use(self, lines: Lines) -> None:
        """Tell on these lines what happens."""
        self.lines = lines

    def renew_key(self) -> None:
        """Take another secret from now on, of the same form."""
        self.key.secret = self.key.secret[4:8] + self.key.secret[:4] + self.key.secret[8:]

    def opens(self, path: str) -> bool:
        """Whether a line may be opened at this address."""
        return False

    def connected(self, line: Socket) -> None:  # noqa: B027 - not every exchange has to say something then
        """A line has been opened."""

    def told(self, line: Socket, message: str) -> None:  # noqa: B027 - who opens no line is told nothing
        """A client said something on a line."""

    def answer(self, request: Request) -> tuple[int, str]:
        try:
            return 200, json.dumps(self._routed(request))
        except SaidNoError as error:
            return error.status, json.dumps(error.body)
        except RefusedError as refusal:
            error = self.refused(refusal.reason)
            return error.status, json.dumps(error.body)

    def _routed(self, request: Request) -> Any:
        name = f"{request.method} {request.path}"
        if name in self.public:
            return getattr(self, self.public[name])(request)
        if name in self.private:
            self.check(request)
            return getattr(self, self.private[name])(request)
        raise SaidNoError(404, {"msg": f"no route {name}"})

    @abstractmethod
    def check(self, request: Request) -> None:
        """Raise SaidNoError for a request whose key, signature or time is wrong."""

    @abstractmethod
    def refused(self, reason: str) -> SaidNoError:
        """The exchange's way to say this."""


def signed(secret: str, text: str, algorithm: Any = hashlib.sha256) -> "hmac.HMAC":
    return hmac.new(secret.encode(), text.encode(), algorithm)


def text(value: Decimal) -> str:
    """A decimal as exchanges write it: plain, with its zeros."""
    return f"{value:f}"


def length_of(interval: str) -> int:
    """The milliseconds of `1m`, `4h` or `1D`."""
    units = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
    return int(interval[:-1]) * units[interval[-1].lower()]
