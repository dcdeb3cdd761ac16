"""Services on loopback: they answer as Gemini and OpenAI-compatible servers do, well or badly, as scripted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-secret-0123456789"


def captions(*texts: str) -> str:
    return json.dumps({"captions": list(texts)})


class Service:
    """`replies` are taken in turn, then `always`: a text to answer with, ("status", n), "drop", ("slow", s, text),
    "refuse", "garbage", or a function of the request's text. `seen`: path, headers and body of each request."""

    def __init__(self, *replies: Any, always: Any = "") -> None:
        self.replies, self.always = list(replies), always
        self.seen: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.url, self.lock = "", threading.Lock()

    def next(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Any:
        with self.lock:
            self.seen.append((path, headers, body))
            return self.replies.pop(0) if self.replies else self.always

    def texts(self) -> list[str]:
        """The user's text of each request."""
        return [text_of(body) for _, _, body in self.seen]


def text_of(body: dict[str, Any]) -> str:
    if "contents" in body:
        return "".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def gemini(text: str, finish: str = "STOP") -> dict[str, Any]:
    usage = {"promptTokenCount": 200, "candidatesTokenCount": 50, "totalTokenCount": 250}
    parts = [{"text": text}] if text else []
    return {
        "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0}],
        "usageMetadata": usage,
        "modelVersion": "m",
    }


def openai(text: str, refusal: str | None = None) -> dict[str, Any]:
    message = {"role": "assistant", "content": None if refusal else text, "refusal": refusal}
    usage = {"prompt_tokens": 200, "completion_tokens": 50, "total_tokens": 250}
    return {"id": "c", "object": "chat.completion", "choices": [{"index": 0, "message": message}], "usage": usage}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        service: Service = self.server.service  # type: ignore[attr-defined]
        reply = service.next(self.path, dict(self.headers), body)
        if callable(reply):
            reply = reply(text_of(body))
        chat = self.path.endswith("/chat/completions")
        if reply == "drop":
            self.close_connection = True
            self.connection.close()
        elif reply == "garbage":
            self.send(200, b"<html>not json</html>")
        elif reply == "refuse":
            self.send_json(200, openai("", "I can't help with that.") if chat else gemini("", "SAFETY"))
        elif isinstance(reply, tuple) and reply[0] == "status":
            error = {"error": {"code": reply[1], "message": f"no, {KEY} is over its quota", "status": "UNAVAILABLE"}}
            self.send_json(reply[1], error, reply[2] if len(reply) > 2 else {})
        else:
            if isinstance(reply, tuple):
                time.sleep(reply[1])
                reply = reply[2]
            self.send_json(200, openai(reply) if chat else gemini(reply))

    def send_json(self, status: int, data: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.send(status, json.dumps(data).encode(), headers)

    def send(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
        except OSError:  # the client gave up waiting
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@contextmanager
def serving(service: Service) -> Iterator[Service]:
    """The service on a free port of loopback; its address is `service.url`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.service = service  # type: ignore[attr-defined]
    service.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


Reply = str | tuple[Any, ...] | Callable[[str], Any]
