"""What stands before every protocol, in plain HTTP: which host was asked, from where, and how it is refused."""

import json
from http import HTTPStatus
from typing import Final

from django.conf import settings
from django.http import HttpResponse
from django.http.request import split_domain_port, validate_host

from kit.api import problem
from kit.bodies import Scope, Send
from kit.errors import InvalidInputError
from moniqo.protocols.inside import Answer

MISDIRECTED: Final = (HTTPStatus.MISDIRECTED_REQUEST, "Ask by the host that this is served at.")


def header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for known, value in scope["headers"] if known == name), "")


def origin_of(scope: Scope) -> str | None:
    """Under what this is served, if the host is one of ours."""
    host = header(scope, b"host")
    domain, _ = split_domain_port(host)
    if not domain or not validate_host(domain, settings.ALLOWED_HOSTS):
        return None
    name, value = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or ("", "")
    forwarded = header(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode())
    scheme = "https" if value and forwarded == value else scope.get("scheme", "http")
    return f"{scheme}://{host}"


async def turned_away(scope: Scope, send: Send, *methods: str) -> bool:
    """Whether the request was refused for its host, the page that it came from, or its method."""
    origin, told = origin_of(scope), header(scope, b"origin")
    if origin is None:
        await refuse(send, *MISDIRECTED)
    elif told and told != origin and told not in settings.CSRF_TRUSTED_ORIGINS:
        await refuse(send, HTTPStatus.FORBIDDEN, "A page of another site may not ask.")
    elif scope["method"] not in methods:
        allowed = ", ".join(methods)
        await refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, f"This is asked for with {allowed}.", allow=allowed)
    else:
        return False
    return True


async def hand_on(send: Send, answer: Answer, metadata: str = "") -> None:
    """A refusal of the API; who has no token that counts is told where to read of them, with `metadata`."""
    names = ("retry-after", "ratelimit", "ratelimit-policy", "www-authenticate")
    headers = {name: answer.headers[name] for name in names if name in answer.headers}
    if answer.status == HTTPStatus.UNAUTHORIZED and metadata:
        headers["www-authenticate"] = f'Bearer resource_metadata="{metadata}"'
    kind = answer.headers.get("content-type", "application/problem+json")
    await say(send, answer.status, json.dumps(answer.body).encode(), kind, **headers)


async def refuse(send: Send, status: HTTPStatus, sentence: str, **headers: str) -> None:
    await _tell(send, problem(status, sentence), **headers)


async def refuse_input(send: Send, error: InvalidInputError) -> None:
    """What was sent is wrong, with what is wrong about each field."""
    fields = {"fields": error.fields} if error.fields else {}
    await _tell(send, problem(HTTPStatus.UNPROCESSABLE_ENTITY, error.sentence.exact, code=error.code, **fields))


async def _tell(send: Send, answer: HttpResponse, **headers: str) -> None:
    await say(send, answer.status_code, answer.content, answer["Content-Type"], **headers)


async def say(send: Send, status: int, body: bytes, kind: str, **headers: str) -> None:
    told = {"content-type": kind, "content-length": str(len(body)), "cache-control": "no-store"}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    sent = [(name.encode(), value.encode()) for name, value in told.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": sent})
    await send({"type": "http.response.body", "body": body})
