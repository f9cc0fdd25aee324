"""Answers are compressed once and whole, whether they are sent at once or in pieces."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Sequence

import brotli  # type: ignore[import-untyped]  # the package has no types
import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import RequestFactory

from kit.compression import CompressionMiddleware

pytestmark = pytest.mark.offline

PIECES = [b"piece %d, with words that repeat and repeat\n" % number for number in range(500)]
WHOLE = b"".join(PIECES)


def asked(encoding: str = "gzip, deflate") -> HttpRequest:
    return RequestFactory().get("/", headers={"Accept-Encoding": encoding})


def answer(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    return CompressionMiddleware(lambda _: response)(request)  # type: ignore[return-value]  # it is called in a thread


async def one_by_one(pieces: Sequence[bytes] = PIECES) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def body(response: HttpResponseBase) -> bytes:
    async def collect() -> bytes:
        return b"".join([piece async for piece in response])  # type: ignore[attr-defined]

    if isinstance(response, StreamingHttpResponse):
        return asyncio.run(collect()) if response.is_async else b"".join(response)  # type: ignore[arg-type]
    assert isinstance(response, HttpResponse)
    return response.content


def test_whoever_takes_brotli_gets_what_is_whole_by_it_and_streams_by_gzip() -> None:
    whole = answer(asked("gzip, deflate, br;q=1.0"), HttpResponse(WHOLE, headers={"ETag": '"one"'}))
    assert (whole["Content-Encoding"], brotli.decompress(body(whole))) == ("br", WHOLE)
    assert (whole["Content-Length"], whole["ETag"]) == (str(len(body(whole))), 'W/"one"')
    assert "Accept-Encoding" in whole["Vary"]
    streamed = answer(asked("gzip, br"), StreamingHttpResponse(one_by_one()))
    assert (streamed["Content-Encoding"], only_member(body(streamed))) == ("gzip", WHOLE)
    for short in (HttpResponse(b"ok"), HttpResponse(WHOLE, headers={"Content-Encoding": "identity"})):
        assert not answer(asked("br"), short).has_header("X-Padding")


def test_how_well_an_answer_compresses_does_not_show_from_its_length() -> None:
    lengths = {len(answer(asked("br"), HttpResponse(WHOLE))["X-Padding"]) for _ in range(50)}
    assert len(lengths) > 10


def only_member(compressed: bytes) -> bytes:
    """What a browser reads: the first member, behind which nothing may stand."""
    member = zlib.decompressobj(16 + zlib.MAX_WBITS)
    text = member.decompress(compressed)
    assert (member.eof, member.unused_data) == (True, b"")
    return text


@pytest.mark.parametrize(
    ("make", "sent"),
    [
        (lambda: HttpResponse(WHOLE), WHOLE),
        (lambda: StreamingHttpResponse(iter(PIECES)), WHOLE),
        (lambda: StreamingHttpResponse(one_by_one()), WHOLE),
        (lambda: StreamingHttpResponse(one_by_one([])), b""),
    ],
    ids=["at once", "in pieces", "in asynchronous pieces", "in no pieces"],
)
def test_whoever_takes_gzip_gets_one_member(make: Callable[[], HttpResponseBase], sent: bytes) -> None:
    response = answer(asked(), make())
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    compressed = body(response)
    assert only_member(compressed) == sent
    assert len(compressed) < len(WHOLE) / 2


def test_whoever_does_not_gets_the_pieces_as_they_are() -> None:
    response = answer(asked("identity"), StreamingHttpResponse(one_by_one()))
    assert "Content-Encoding" not in response
    assert body(response) == WHOLE


def test_what_is_compressed_already_is_left_alone() -> None:
    response = answer(asked(), StreamingHttpResponse(one_by_one(), headers={"Content-Encoding": "br"}))
    assert response["Content-Encoding"] == "br"
    assert body(response) == WHOLE


def test_pieces_are_sent_while_they_come() -> None:
    """A long export starts at once and is never held in memory as a whole."""

    async def first_sizes() -> list[int]:
        response = answer(asked(), StreamingHttpResponse(endless()))
        assert isinstance(response, StreamingHttpResponse)
        sizes = []
        async for piece in response:  # type: ignore[union-attr]
            sizes.append(len(piece))
            if len(sizes) == 5:
                break
        return sizes

    async def endless() -> AsyncIterator[bytes]:
        number = 0
        while True:
            number += 1
            yield b"%d " % (number * 7919) * 10

    assert len(asyncio.run(first_sizes())) == 5
