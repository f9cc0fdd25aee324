"""Who is told: a web server that notes what is posted to it and answers as it was told to, and a mail server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """`answers` are given one after the other, then 200: (status, headers, text). `slowly` is seconds per byte."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], str]] = field(default_factory=list)
    slowly: float = 0

    def reset(self) -> None:
        self.received.clear()
        self.answers.clear()
        self.slowly = 0


@dataclass
class Post:
    """`mails` that were taken; addresses in `unknown` are refused."""

    port: int = 0
    mails: list[tuple[str, Message]] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A web server on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(self.path, dict(self.headers.items()), body))
            status, headers, text = receiver.answers.pop(0) if receiver.answers else (200, {}, "ok")
            if receiver.slowly:
                self._drip()
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def _drip(self) -> None:
            """One byte after the other, each in time, and never all of them."""
            stop = threading.Event()
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX-" + b"a" * 400:
                    self.wfile.write(bytes([byte]))
                    stop.wait(receiver.slowly)
            except OSError:
                pass

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with _serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        receiver.url = f"http://127.0.0.1:{port}"
        yield receiver


@contextmanager
def posting() -> Iterator[Post]:
    """A mail server on this machine that speaks as much SMTP as a mail needs (RFC 5321)."""
    post = Post()

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            to = ""
            self.say("220 here")
            for line in iter(self.rfile.readline, b""):
                command, text = line[:4].upper(), line.decode().strip()
                if command == b"RCPT":
                    to = text.partition("<")[2].rstrip(">")
                    self.say("550 No such user here" if to in post.unknown else "250 OK")
                elif command == b"DATA":
                    self.say("354 Go on")
                    lines = [part[1:] if part[:1] == b"." else part for part in iter(self.rfile.readline, b".\r\n")]
                    post.mails.append((to, message_from_bytes(b"".join(lines), policy=default)))
                    self.say("250 Taken")
                else:
                    self.say("221 Bye" if command == b"QUIT" else "250 OK")
                if command == b"QUIT":
                    return

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with _serving(Server(("127.0.0.1", 0), Handler)) as port:
        post.port = port
        yield post


@contextmanager
def _serving(server: Any) -> Iterator[int]:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
