"""Compressed answers, as one gzip member whatever they are made of.

Django compresses each piece of an asynchronous stream as a gzip file of its own. Browsers read the first of them and
stop: of an export that is sent in pieces only the first arrives, without a word. Everything else is Django's.
"""

import secrets
from collections.abc import AsyncIterable, AsyncIterator
from gzip import GzipFile

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.utils.text import StreamingBuffer

_LEVEL = 6  # Django's own


class CompressionMiddleware(GZipMiddleware):
    """Django's, with one compressor over all pieces of an asynchronous stream."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not (isinstance(response, StreamingHttpResponse) and response.is_async):
            return super().process_response(request, response)
        if response.has_header("Content-Encoding"):
            return response
        pieces: AsyncIterable[bytes] = response.streaming_content  # type: ignore[assignment]  # is_async says so
        answer = super().process_response(request, response)
        if answer.has_header("Content-Encoding"):
            response.streaming_content = compressed(pieces, max_random_bytes=self.max_random_bytes)
        return answer


async def compressed(pieces: AsyncIterable[bytes], *, max_random_bytes: int) -> AsyncIterator[bytes]:
    """The pieces as one gzip member, which grows as they come.

    A file name of random length in its header hides how well the content compressed (BREACH), as Django does.
    """
    buffer = StreamingBuffer()
    name = "a" * secrets.randbelow(max_random_bytes)
    with GzipFile(filename=name, mode="wb", compresslevel=_LEVEL, fileobj=buffer, mtime=0) as file:
        async for piece in pieces:
            file.write(piece)
            if found := buffer.read():
                yield found
    yield buffer.read()
