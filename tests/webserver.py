"""A web server on the loopback address with good and broken pictures, for tests of the download."""

from __future__ import annotations

import io
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

HEADER = b"IHDR" + (60000).to_bytes(4, "big") * 2 + bytes.fromhex("0802000000")
HUGE_PNG = bytes.fromhex("89504e470d0a1a0a0000000d") + HEADER + zlib.crc32(HEADER).to_bytes(4, "big")


def jpeg(seed: int, width: int = 120, height: int = 90) -> bytes:
    """A picture of coloured squares, another one for each seed."""
    squares = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(squares).resize((width, height), Image.Resampling.NEAREST).save(out, "JPEG", quality=90)
    return out.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers by the path: see `do_GET`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server
        name = self.path.strip("/").partition("?")[0]
        server.asked[name] += 1  # type: ignore[attr-defined]
        server.agents.add(self.headers.get("User-Agent"))  # type: ignore[attr-defined]
        kind = name.partition("-")[0]
        getattr(self, f"_{kind}", self._missing)(name)

    def _good(self, name: str) -> None:
        self._send(jpeg(int(name.partition("-")[2].removesuffix(".jpg"))))

    def _same(self, name: str) -> None:
        self._send(jpeg(1))

    def _big(self, name: str) -> None:
        self._send(jpeg(7, 1600, 1200))

    def _tiny(self, name: str) -> None:
        self._send(jpeg(8, 20, 20))

    def _png(self, name: str) -> None:
        out = io.BytesIO()
        Image.fromarray(np.full((80, 100, 3), 77, np.uint8)).save(out, "PNG")
        self._send(out.getvalue(), "image/png")

    def _html(self, name: str) -> None:
        self._send(b"<!DOCTYPE html><html><body>not here</body></html>")

    def _huge(self, name: str) -> None:
        self._send(HUGE_PNG + b"\0\0\0\0IDAT")

    def _heavy(self, name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "60000000")
        self.end_headers()
        self.close_connection = True

    def _endless(self, name: str) -> None:
        self.send_response(200)  # no length: until the connection is closed
        self.send_header("Connection", "close")
        self.end_headers()
        for _ in range(200):
            try:
                self.wfile.write(b"\xff\xd8" * 50_000)
            except OSError:
                break
        self.close_connection = True

    def _cut(self, name: str) -> None:
        data = jpeg(3)
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True

    def _damaged(self, name: str) -> None:
        self._send(jpeg(4)[:60])

    def _torn(self, name: str) -> None:
        data = jpeg(9, 640, 480)
        self._send(data[: len(data) // 2])

    def _hang(self, name: str) -> None:
        self.server.waiting.wait(10)  # type: ignore[attr-defined]
        self.close_connection = True

    def _drip(self, name: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        for _ in range(200):
            if self.server.waiting.wait(0.1):  # type: ignore[attr-defined]
                break
            try:
                self.wfile.write(b"\xff")
                self.wfile.flush()
            except OSError:
                break
        self.close_connection = True

    def _noai(self, name: str) -> None:
        self._send(jpeg(5), headers={"X-Robots-Tag": "noai, noimageai"})

    def _tdm(self, name: str) -> None:
        self._send(jpeg(6), headers={"TDM-Reservation": "1"})

    def _inside(self, name: str) -> None:
        self._redirect("http://10.0.0.1/secret.jpg")

    def _file(self, name: str) -> None:
        self._redirect("file:///etc/passwd")

    def _moved(self, name: str) -> None:
        self._redirect("/good-50.jpg")

    def _round(self, name: str) -> None:
        self._redirect(f"/{name}?again={time.monotonic()}")

    def _flaky(self, name: str) -> None:
        if self.server.asked[name] == 1:  # type: ignore[attr-defined]
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(jpeg(60))

    def _missing(self, name: str) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _redirect(self, target: str) -> None:
        self.send_response(302)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, data: bytes, kind: str = "image/jpeg", headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Counts what it is asked for, and remembers who asks."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.waiting = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.waiting.set()
        server.shutdown()
        server.server_close()
        thread.join()
