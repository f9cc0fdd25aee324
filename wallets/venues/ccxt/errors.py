"""What an exchange's no means: one table of the exchanges' own codes, one of ccxt's classes, both into our few errors.

The exchange's code is asked first, because ccxt's classes are sometimes wrong for us: it takes Binance's -2015 (the key
is refused) for a full queue once a request has succeeded, and -1021 (the clock is wrong) for a network error. A code
that no table knows is judged by its class, and one of an unknown class is the exchange's no to this very request.

A sentence carries the exchange's own words. It never carries an address: those of signed requests are half a secret.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from kit.sentences import Value, quoted, sentence
from wallets.venues.base import (
    VenueAmbiguousError,
    VenueAnswerError,
    VenueCredentialsError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)

Meaning = Literal[
    "funds", "lot_size", "minimum_notional", "symbol", "price", "post_only", "duplicate", "unknown_order", "other",
    "credentials", "clock", "nonce", "busy", "maintenance", "down", "unknown", "lost", "walled",
]  # fmt: skip

# What each code of an exchange means to us; binanceusdm and other families share a table.
CODES: Final[dict[str, dict[str, Meaning]]] = {
    "binance": {
        "-1000": "unknown", "-1001": "unknown", "-1006": "unknown", "-1007": "unknown",
        "-1003": "busy", "-1008": "busy", "-1015": "busy", "-1016": "maintenance",
        "-1013": "lot_size", "-1111": "lot_size", "-4003": "lot_size", "-4004": "lot_size", "-4005": "lot_size",
        "-4014": "price", "-4016": "price", "-4024": "price",
        "-4164": "minimum_notional", "-1121": "symbol", "-4140": "symbol",
        "-1021": "clock",
        "-1002": "credentials", "-1022": "credentials", "-2008": "credentials", "-2014": "credentials",
        "-2015": "credentials",
        # Of a message that ends an order and places another: one of the two was done, or neither.
        "-2021": "other", "-2022": "other",
        "-5022": "post_only", "-2010": "funds", "-2018": "funds", "-2019": "funds", "-4116": "duplicate",
        "-2011": "unknown_order", "-2013": "unknown_order",
    },
    "okx": {
        "50001": "maintenance", "50004": "unknown", "50026": "unknown", "50011": "busy", "50013": "busy",
        "50061": "busy",
        "50102": "clock", "50112": "clock",
        "50100": "credentials", "50101": "credentials", "50103": "credentials", "50104": "credentials",
        "50105": "credentials", "50106": "credentials", "50107": "credentials", "50108": "credentials",
        "50110": "credentials", "50111": "credentials", "50113": "credentials", "50114": "credentials",
        "50119": "credentials", "50120": "credentials", "50121": "credentials",
        "60004": "clock", "60006": "clock", "60005": "credentials", "60007": "credentials", "60009": "credentials",
        "60024": "credentials", "60032": "credentials", "60014": "busy", "60023": "busy",
        "51001": "symbol", "51008": "funds", "51119": "funds", "51127": "funds", "51131": "funds",
        "51016": "duplicate", "51065": "duplicate", "51068": "duplicate",
        "51020": "lot_size", "51120": "lot_size", "51121": "lot_size", "51005": "lot_size",
        "51006": "price", "51278": "price", "51280": "price",
        "51400": "unknown_order", "51401": "unknown_order", "51402": "unknown_order",
        "51503": "unknown_order", "51603": "unknown_order",
    },
    "bybit": {
        "10000": "unknown", "10016": "unknown", "10006": "busy", "10018": "busy", "10429": "busy", "170007": "unknown",
        "170146": "unknown",
        "10002": "clock",
        "10003": "credentials", "10004": "credentials", "10005": "credentials", "10007": "credentials",
        "10009": "credentials", "10010": "credentials", "33004": "credentials",
        "110004": "funds", "110007": "funds", "110012": "funds", "110044": "funds", "110045": "funds",
        "110052": "funds",
        "170033": "funds", "170131": "funds",
        "110072": "duplicate", "170141": "duplicate",
        "110094": "minimum_notional", "170140": "minimum_notional", "170136": "lot_size", "170137": "lot_size",
        "170124": "lot_size", "170135": "lot_size", "110017": "other", "110003": "price", "170132": "price",
        "170133": "price", "170134": "price",
        "170121": "symbol", "110001": "unknown_order", "170213": "unknown_order",
    },
    "coinbase": {
        "INSUFFICIENT_FUND": "funds", "PREVIEW_INSUFFICIENT_FUND": "funds",
        "INVALID_PRODUCT_ID": "symbol", "UNKNOWN_PRODUCT_ID": "symbol",
        "INVALID_SIZE_PRECISION": "lot_size", "PREVIEW_INVALID_BASE_SIZE_TOO_SMALL": "lot_size",
        "PREVIEW_INVALID_SIZE_PRECISION": "lot_size", "PREVIEW_INVALID_BASE_SIZE_TOO_LARGE": "lot_size",
        "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE": "price", "PREVIEW_STOP_PRICE_BELOW_LIMIT_PRICE": "price",
        "PREVIEW_LIMIT_PRICE_TOO_FAR_FROM_MARKET": "price",
        "INVALID_PRICE_PRECISION": "price", "PREVIEW_INVALID_PRICE_PRECISION": "price",
        "INVALID_LIMIT_PRICE_POST_ONLY": "post_only", "PREVIEW_INVALID_LIMIT_PRICE_POST_ONLY": "post_only",
        "DUPLICATE_CLIENT_ORDER_ID": "duplicate", "UNKNOWN_CANCEL_ORDER": "unknown_order",
        "unauthorized": "credentials", "Unauthorized": "credentials", "authentication_error": "credentials",
        "invalid_token": "credentials", "PERMISSION_DENIED": "credentials",
        "rate_limit_exceeded": "busy", "RESOURCE_EXHAUSTED": "busy", "UNAVAILABLE": "down",
        "NOT_FOUND": "unknown_order",
    },
    "kraken": {
        "EOrder:Insufficient funds": "funds", "EOrder:Insufficient margin": "funds",
        "EOrder:Order minimum not met": "lot_size", "EGeneral:Invalid arguments:volume minimum not met": "lot_size",
        "EGeneral:Invalid arguments:volume": "lot_size", "EOrder:Cost minimum not met": "minimum_notional",
        "EOrder:Tick size check failed": "price", "EOrder:Invalid price": "price",
        "EOrder:Post only order": "post_only",
        "EQuery:Unknown asset pair": "symbol", "EOrder:Unknown order": "unknown_order",
        "EOrder:Invalid order": "unknown_order",
        "EGeneral:Invalid arguments:cl_ord_id": "duplicate",
        "EAPI:Invalid key": "credentials", "EAPI:Invalid signature": "credentials", "EAPI:Bad request": "credentials",
        "EGeneral:Permission denied": "credentials", "EAPI:Invalid nonce": "nonce",
        "EAPI:Rate limit exceeded": "busy", "EOrder:Rate limit exceeded": "busy", "EGeneral:Too many requests": "busy",
        "EGeneral:Temporary lockout": "busy", "EService:Busy": "busy",
        "EService:Unavailable": "down", "EService:Market in cancel_only mode": "maintenance",
        "EService:Deadline elapsed": "unknown", "EService:Timeout": "unknown", "EGeneral:Internal error": "unknown",
    },
}  # fmt: skip
FAMILY: Final = {"binanceusdm": "binance"}
# Where one code says several things, its words say which; the first that fits counts.
WORDS: Final[tuple[tuple[str, str, str, Meaning], ...]] = (
    ("binance", "-1013", "NOTIONAL", "minimum_notional"),
    ("binance", "-1013", "PRICE", "price"),
    ("binance", "-2010", "Duplicate", "duplicate"),
    ("binance", "-2010", "Market is closed", "maintenance"),
    ("binance", "-2010", "would trigger immediately", "price"),
    ("binance", "-2010", "would immediately", "post_only"),
    ("bybit", "10001", "symbol invalid", "symbol"),
    ("bybit", "10001", "OrderLinkedID", "duplicate"),
    ("okx", "51000", "clOrdId", "duplicate"),
)
# ccxt's classes, the more special first.
CLASSES: Final[tuple[tuple[str, Meaning], ...]] = (
    ("DuplicateOrderId", "duplicate"),
    ("InsufficientFunds", "funds"),
    ("BadSymbol", "symbol"),
    ("ContractUnavailable", "symbol"),
    ("OrderNotFound", "unknown_order"),
    ("AuthenticationError", "credentials"),
    ("RestrictedLocation", "credentials"),
    ("OnMaintenance", "maintenance"),
    ("DDoSProtection", "busy"),
    ("RateLimitExceeded", "busy"),
    ("ExchangeNotAvailable", "down"),
    ("InvalidNonce", "clock"),
    ("RequestTimeout", "lost"),
    ("NetworkError", "lost"),
    ("BadResponse", "unknown"),
    ("OperationFailed", "unknown"),
    ("ExchangeError", "other"),
)
HTTP_SERVER_ERROR: Final = 500
HTTP_FORBIDDEN: Final = 403
REJECTED: Final = (
    "funds", "lot_size", "minimum_notional", "symbol", "price", "post_only", "duplicate", "unknown_order", "other",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What the exchange answered: its code and its words, as far as there are any."""

    code: str = ""
    words: str = ""


@contextmanager
def speaking(exchange: Any, *, creates: bool = False) -> Iterator[None]:
    """Everything that goes wrong inside becomes a VenueError.

    With `creates` a request is sent that may have an effect: then whatever does not say that it had none is ambiguous.
    """
    import ccxt

    try:
        yield
    except ccxt.BaseError as error:
        raise translated(exchange, error, creates=creates) from _without_address(error)
    except VenueError:
        raise
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # ccxt reads answers field by field: what lacks one is no answer.
        told = f"{exchange.name} answered with something that is no answer ({type(error).__name__})."
        raise (VenueAnswerError(told) if creates else VenueUnavailableError(told)) from error


def translated(exchange: Any, error: Exception, *, creates: bool) -> VenueError:
    """Our error for one of ccxt's."""
    said = _said(exchange, error)
    meaning = _meaning(exchange.id, error, said)
    if meaning in ("other", "down"):
        meaning = _undecided(exchange, error, said, meaning)
    return _error(exchange, meaning, said, error, creates)


def _undecided(exchange: Any, error: Exception, said: Said, meaning: Meaning) -> Meaning:
    """What ccxt calls a plain error, or an exchange that is down, and what is no decision of the exchange's."""
    if _broke_off(error):
        return "lost"
    if exchange.last_status >= HTTP_SERVER_ERROR:
        return "unknown"
    # A wall in front of the exchange does not speak its language.
    return "walled" if exchange.last_status == HTTP_FORBIDDEN and not said.code else meaning


def _broke_off(error: Exception) -> bool:
    """Whether it is the network's, in the words of either of the two libraries that ccxt asks through."""
    from aiohttp import ClientError
    from requests.exceptions import HTTPError, RequestException

    return isinstance(error.__cause__, RequestException | ClientError) and not isinstance(error.__cause__, HTTPError)


def _meaning(exchange_id: str, error: Exception, said: Said) -> Meaning:
    import ccxt

    family = FAMILY.get(exchange_id, exchange_id)
    by_words = [
        one for name, code, words, one in WORDS if name == family and said.code in ("", code) and words in said.words
    ]
    by_code = [one for code, one in CODES.get(family, {}).items() if code == said.code]
    by_class = [one for name, one in CLASSES if isinstance(error, getattr(ccxt, name))]
    return next(iter(by_words + by_code + by_class), "other")


def _error(exchange: Any, meaning: Meaning, said: Said, error: Exception, creates: bool) -> VenueError:
    name, words = exchange.name, _quoted(said)
    if meaning in REJECTED:
        return VenueRejectedError(sentence("{name} says no: {words}", name=name, words=words), reason=meaning)
    if meaning == "credentials":
        return VenueCredentialsError(sentence("{name} refuses the key: {words}", name=name, words=words))
    if meaning == "clock":
        return VenueUnavailableError(
            sentence(
                "Set the clock of the machine that runs Moniqo, and switch its time synchronisation on: {name} "
                "refuses what is signed with it. {words}",
                name=name,
                words=words,
            )
        )
    if meaning == "nonce":
        return VenueUnavailableError(
            sentence(
                "Give Moniqo a key of its own at {name}, which nothing else uses, and set the clock of its machine: "
                "{name} refuses requests that overtake each other. {words}",
                name=name,
                words=words,
            )
        )
    if meaning == "walled":
        return VenueUnavailableError(
            sentence("{name} does not serve this machine's address now (HTTP 403): try from another.", name=name)
        )
    if meaning == "busy":
        return _busy(exchange, words)
    if meaning == "maintenance":
        return VenueUnavailableError(sentence("{name} is under maintenance: {words}", name=name, words=words))
    if meaning == "lost" and never_left(error):
        return VenueUnavailableError(sentence("{name} could not be reached.", name=name))
    if creates:
        return VenueAmbiguousError(
            sentence("{name} did not say whether it took the request: {words}", name=name, words=words)
        )
    return VenueUnavailableError(sentence("{name} gave no answer: {words}", name=name, words=words))


def _busy(exchange: Any, words: Value | str) -> VenueUnavailableError:
    after = _retry_after(exchange)
    if after is None:
        return VenueUnavailableError(
            sentence("{name} asks for fewer requests: {words}", name=exchange.name, words=words)
        )
    return VenueUnavailableError(
        sentence(
            "{name} asks for no request within {seconds} seconds: {words}",
            name=exchange.name,
            seconds=round(after.total_seconds()),
            words=words,
        ),
        retry_after=after,
    )


def _retry_after(exchange: Any) -> timedelta | None:
    value = (exchange.last_response_headers or {}).get("Retry-After", "")
    return timedelta(seconds=int(value)) if value.isdigit() else None


def never_left(error: BaseException) -> bool:
    """Whether the network failed before anything was sent: no address, nobody there, no connection in time."""
    from aiohttp import ClientConnectorError, ConnectionTimeoutError
    from requests.exceptions import ConnectTimeout, SSLError
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

    seen: BaseException | None = error
    while seen is not None:
        inner = getattr(seen.args[0], "reason", None) if seen.args else None
        kinds = (
            *(ConnectTimeout, ConnectTimeoutError, NameResolutionError, NewConnectionError, SSLError),
            *(ClientConnectorError, ConnectionTimeoutError),
        )
        if isinstance(seen, kinds) or isinstance(inner, kinds):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


# --- the exchange's words --------------------------------------------------------------------------------------------

_CODE_NAMES: Final = ("code", "retCode", "sCode", "error", "id")
_WORD_NAMES: Final = ("msg", "retMsg", "sMsg", "message", "error_details", "error_description")
_LONGEST: Final = 300


def _said(exchange: Any, error: Exception) -> Said:
    """The code and words in the answer's JSON, which ccxt puts behind the exchange's name in its error."""
    import ccxt

    text = str(error)
    if isinstance(error, ccxt.RequestTimeout) or type(error) is ccxt.NetworkError or _broke_off(error):
        return Said(words="it did not answer in time" if isinstance(error, ccxt.RequestTimeout) else "the line broke")
    start = text.find("{")
    if start >= 0:
        try:
            answer, _ = json.JSONDecoder().raw_decode(text[start:])
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            return _in_answer(answer)
    # Without JSON only a sentence of the exchange's is of use, not ccxt's, which names the address.
    words = text.removeprefix(exchange.id).strip()
    return Said(words="" if "://" in words else words[:_LONGEST])


def _in_answer(answer: dict[str, Any]) -> Said:
    """OKX tells what is wrong with an order inside `data`, Coinbase inside `error_response`, Kraken in a list."""
    if isinstance(answer.get("error"), list):
        errors = [str(one) for one in answer["error"]]
        return Said(errors[0] if errors else "", ", ".join(errors)[:_LONGEST])
    listed = answer.get("errors") or answer.get("data")
    inner = answer.get("error_response") or (next(iter(listed), None) if isinstance(listed, list) else None)
    if isinstance(inner, dict) and any(inner.get(name) not in (None, "", "0") for name in ("sCode", "error", "id")):
        return _in_answer({**inner, "code": inner.get("sCode") or inner.get("code")})
    code = next((str(answer[name]) for name in _CODE_NAMES if answer.get(name) not in (None, "")), "")
    words = next((str(answer[name]) for name in _WORD_NAMES if answer.get(name)), code)
    return Said(code, words[:_LONGEST])


def _quoted(said: Said) -> Value | str:
    """The words, with the code when they do not say it; amounts in them are hidden from who hides amounts."""
    words = said.words or "without a word"
    return quoted(f"{words} ({said.code})" if said.code and said.code not in words else words)


def _without_address(error: Exception) -> Exception | None:
    """What a traceback may show of it: ccxt's network errors name the signed address."""
    return None if "://" in str(error) else error
