"""A trader that places small orders without a pause, tries again with the same key as a careful program does, and
remembers what it was answered."""

import json
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import cycle, product
from typing import Any, Final
from uuid import uuid4

from moniqo.drills.instance import EMAIL, DrillError, Instance

# A wallet has one order of a market on its way at a time: several wallets and markets take turns.
QUANTITIES: Final = {"BTC/USDT": "0.001", "ETH/USDT": "0.02", "SOL/USDT": "0.4"}
_MONEY: Final = "1000000"
_PAUSE_SECONDS: Final = 0.4
_PATIENCE_SECONDS: Final = 60.0  # longer than any request may take: what hangs is to be measured, not cut off


@dataclass
class Heard:
    """What a stretch of traffic was answered: keys with the moment each was sent first and was accepted."""

    sent: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    slowest: float = 0.0

    @property
    def broken(self) -> int:
        return self.statuses.count(HTTPStatus.INTERNAL_SERVER_ERROR)


class Trader:
    """One signed-in program on an instance."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._token = ""
        self._places = cycle([("", "")])
        self._thread: threading.Thread | None = None
        self._ends = threading.Event()
        self.heard = Heard()

    def begin(self) -> None:
        """Sign in and start a farm with play money; orders are placed in its agents' wallets."""
        self.sign_in()
        self._instance.wait(lambda: self.ask("GET", "/start")[0] == HTTPStatus.OK, 120, "a market has a price")
        status, made = self.ask("POST", "/start", {"amount": _MONEY, "recipe": "calm"}, key="drill")
        if status != HTTPStatus.CREATED:
            raise DrillError(f"No farm could be started: {made}")
        status, wallets = self.ask("GET", "/wallets")
        agents = [row["id"] for row in _rows(wallets) if row["role"] == "agent"]
        self._places = cycle(product(agents, QUANTITIES))

    def sign_in(self) -> None:
        status, answer = self.ask("POST", "/auth/token", {"email": EMAIL, "password": self._instance.password})
        if status != HTTPStatus.OK:
            raise DrillError(f"The drill could not sign in: {answer}")
        self._token = answer["access"]

    def place(self, key: str, wallet: str, symbol: str) -> tuple[int, Any]:
        """One small order. The same key places it once."""
        order = {"wallet_id": wallet, "symbol": symbol, "side": "buy", "quantity": QUANTITIES[symbol]}
        return self.ask("POST", "/orders", order, key=key)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[int, Any]:
        """Status and answer of one request of the API; status 0 when nobody answers."""
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self._token}"} if self._token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        request = urllib.request.Request(  # noqa: S310 - our own instance on loopback
            f"{self._instance.url}/api/v1{path}",
            method=method,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
                return int(answer.status), json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(errors="replace")[:300]
        except (OSError, ValueError) as error:
            return 0, str(error)

    # --- without a pause -------------------------------------------------------------------------------------------

    def go(self) -> None:
        """Place orders in the background until `rest`."""
        self.heard, self._ends = Heard(), threading.Event()
        self._thread = threading.Thread(target=self._trade, daemon=True)
        self._thread.start()

    def rest(self) -> Heard:
        """End it; returns what was heard since `go`."""
        self._ends.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS + 1)
        return self.heard

    def _trade(self) -> None:
        heard, ends, key = self.heard, self._ends, ""
        wallet, symbol = next(self._places)
        while not ends.is_set():
            if not key:
                key, (wallet, symbol) = f"drill-{uuid4().hex}", next(self._places)
                heard.sent[key] = time.monotonic()
            began = time.monotonic()
            status, answer = self.place(key, wallet, symbol)
            heard.slowest = max(heard.slowest, time.monotonic() - began)
            heard.statuses.append(status)
            if status == HTTPStatus.CREATED:
                if answer["status"] != "rejected":  # by the gate: the one before it is still on its way
                    heard.accepted[key] = time.monotonic()
                key = ""
            elif status == HTTPStatus.UNAUTHORIZED:
                self._again()
            ends.wait(_PAUSE_SECONDS)

    def _again(self) -> None:
        try:
            self.sign_in()
        except DrillError:
            return  # the next refusal leads here again


def _rows(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer["items"] if isinstance(answer, dict) else answer
    return found
