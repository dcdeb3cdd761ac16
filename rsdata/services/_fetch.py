"""img2dataset with another way to fetch: what runs in the subprocess that `download.py` starts.

    python -m rsdata.services._fetch settings.json

img2dataset 1.47 fetches with urllib as it comes: file:// and ftp:// addresses are read, private hosts asked, bodies
read to their end whatever their size, a server that sends a byte a second is waited for, and a header that promises
60,000 x 60,000 pixels is decoded. Here `fetch` takes the place of its function; everything else is img2dataset's own.
The failures that it reports begin with a short reason and a colon; the reader `img2dataset` counts them by it.
"""

from __future__ import annotations

import http.client
import io
import json
import pickle
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from rsdata.services import addresses

CHUNK = 1 << 16
REDIRECTS = 5
HOPELESS = ("opted-out", "private-address", "bad-scheme", "too-many-bytes", "not-an-image", "too-large", "too-small",
            "http-4", "bad-url", "bad-redirect", "bad-certificate")  # fmt: skip
OWN_NAMES = ("rsdata", "img2dataset")
DATED = ("unavailable_after",)  # a directive with a colon, where a crawler's name may stand too
BUSY = ("http-408", "http-425", "http-429")


class Refused(Exception):
    """A fetch that must not go on; its text begins with the reason."""


@dataclass(frozen=True)
class Limits:
    """`timeout`: seconds for one answer of a server, and three times as long for a whole file; `max_bytes` of a file;
    `min_side`, `max_pixels` of an image; `agent`: how we name ourselves; `allow`: networks that are asked though not
    public."""

    timeout: float
    max_bytes: int
    min_side: int
    max_pixels: int
    agent: str
    allow: tuple[str, ...]
    directives: tuple[str, ...]


def connect(address: tuple[str, int], timeout: Any, source: Any = None, *, allow: tuple[str, ...]) -> socket.socket:
    """`socket.create_connection`, but only to public addresses: those of the very look-up that is then connected to."""
    host, port = address
    networks = addresses.networks(allow)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    numbers = [str(info[4][0]) for info in found]
    if inside := [number for number in numbers if not addresses.is_public(number, networks)]:
        raise Refused(f"private-address: {host} is {inside[0]}")
    error: OSError = OSError(f"no address for {host}")
    for number in numbers:
        try:
            return socket.create_connection((number, port), timeout, source)
        except OSError as failed:
            error = failed
    raise error


class _Http(urllib.request.HTTPHandler):
    def __init__(self, allow: tuple[str, ...]) -> None:
        super().__init__()
        self.allow = allow

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_guarded, http.client.HTTPConnection, self.allow), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, allow: tuple[str, ...]) -> None:
        self.secure = ssl.create_default_context()
        super().__init__(context=self.secure)
        self.allow = allow

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        made = partial(_guarded, http.client.HTTPSConnection, self.allow, context=self.secure)
        return self.do_open(made, req)


class _Redirect(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Follow to http and https only; urllib itself would follow to ftp, and refuses all others before this."""
        if not newurl.lower().startswith(("http://", "https://")):
            raise Refused(f"bad-redirect: to {newurl[:80]}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _guarded(kind: Any, allow: tuple[str, ...], host: str, **given: Any) -> Any:
    connection = kind(host, **given)
    connection._create_connection = partial(connect, allow=allow)
    return connection


@lru_cache
def opener(allow: tuple[str, ...]) -> urllib.request.OpenerDirector:
    """Opens http and https and nothing else: no files, no ftp, no data:, no proxy of the environment."""
    made = urllib.request.OpenerDirector()
    for handler in (_Http(allow), _Https(allow), _Redirect(), urllib.request.HTTPErrorProcessor(),
                    urllib.request.HTTPDefaultErrorHandler()):  # fmt: skip
        made.add_handler(handler)
    return made


def fetch_once(url: str, limits: Limits) -> bytes:
    """The bytes behind an address, an image by its first bytes and within the limits. Raises Refused and urllib's."""
    if not url.lower().startswith(("http://", "https://")):
        raise Refused(f"bad-scheme: {url[:80]}")
    end = time.monotonic() + 3 * limits.timeout
    request = urllib.request.Request(url, headers={"User-Agent": limits.agent, "Accept": "image/*,*/*;q=0.5"})
    with opener(limits.allow).open(request, timeout=limits.timeout) as answer:
        if reason := opt_out(answer.headers, limits):
            raise Refused(f"opted-out: {reason}")
        promised = int(size) if (size := answer.headers.get("Content-Length") or "").isdecimal() else None
        if promised is not None and promised > limits.max_bytes:
            raise Refused(f"too-many-bytes: {promised}")
        data = _body(answer, limits, end)
    if promised is not None and len(data) < promised:
        raise OSError(f"truncated: {len(data)} of {promised} bytes")
    check_image(data, limits)
    return data


def _body(answer: Any, limits: Limits, end: float) -> bytes:
    data = bytearray()
    while piece := answer.read1(CHUNK):
        data += piece
        if len(data) > limits.max_bytes:
            raise Refused(f"too-many-bytes: more than {limits.max_bytes}")
        if time.monotonic() > end:
            raise TimeoutError("timed out")
    return bytes(data)


def opt_out(headers: Any, limits: Limits) -> str:
    """The header by which a site asks that its images not be used, or "": `X-Robots-Tag: noai`, for everyone or for us
    by name, and `TDM-Reservation: 1` (the W3C group's TDM reservation protocol)."""
    if not limits.directives:
        return ""
    for value in headers.get_all("X-Robots-Tag", []):
        name, colon, rest = value.lower().partition(":")
        to_us = not colon or name.strip() in (*OWN_NAMES, "*")
        said = {part.strip() for part in (rest if colon and name.strip() not in DATED else value.lower()).split(",")}
        if (to_us or name.strip() in DATED) and said & set(limits.directives):
            return f"X-Robots-Tag: {value}"[:120]
    return "TDM-Reservation: 1" if (headers.get("TDM-Reservation") or "").strip() == "1" else ""


def check_image(data: bytes, limits: Limits) -> None:
    """Read the header before img2dataset decodes the pixels. Raises Refused: not-an-image, too-large, too-small."""
    import warnings

    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
    except Exception as error:
        start = data[:40].lstrip()[:15]
        raise Refused(f"not-an-image: {type(error).__name__}, begins with {start!r}") from error
    if width * height > limits.max_pixels:
        raise Refused(f"too-large: {width} x {height}")
    if min(width, height) < limits.min_side:
        raise Refused(f"too-small: {width} x {height}")


def reason_of(error: BaseException) -> str:
    """A failure as `reason: detail`, the reason one of a few words that stay the same."""
    inner = getattr(error, "reason", None)
    if isinstance(error, urllib.error.HTTPError):
        if 300 <= error.code < 400:
            return "bad-redirect: " + " ".join(str(error.msg).split())[:120]
        return f"http-{error.code}: {error.msg}"[:120]
    if isinstance(error, urllib.error.URLError) and isinstance(inner, BaseException):
        return reason_of(inner)
    if isinstance(error, Refused) or str(error).startswith("truncated:"):
        return str(error)
    if isinstance(error, TimeoutError):
        return "timeout: no answer in time"
    if isinstance(error, socket.gaierror):
        return f"no-such-host: {error.strerror}"
    if isinstance(error, ssl.SSLError):
        return f"bad-certificate: {error.reason}"
    if isinstance(error, http.client.InvalidURL | UnicodeError | ValueError):
        return f"bad-url: {error}"[:120]
    if isinstance(error, http.client.HTTPException):
        return f"bad-answer: {type(error).__name__}"
    return f"no-connection: {error}"[:120]


def fetch(
    row: tuple[int, str], timeout: float, retries: int, user_agent_token: Any, disallowed_header_directives: Any,
    *, limits: Limits,
) -> tuple[int, io.BytesIO | None, str | None]:  # fmt: skip
    """Stands in for img2dataset's download_image_with_retry: only failures that may pass are tried again."""
    key, url = row
    said = ""
    for attempt in range(retries + 1):
        if attempt:
            time.sleep(min(0.5 * 2**attempt, 10))
        try:
            return key, io.BytesIO(fetch_once(url.strip(), limits)), None
        except Exception as error:  # noqa: BLE001 - one address must never stop the others
            said = reason_of(error)
        if said.startswith(HOPELESS) and not said.startswith(BUSY):
            break
    return key, None, said


class Guarded:
    """img2dataset's Downloader with `fetch` in it; made anew in each worker process."""

    def __init__(self, limits: Limits, **given: Any) -> None:
        self.limits, self.given = limits, given

    def __reduce__(self) -> Any:
        return _again, (self.limits, pickle.dumps(self.given))

    def __call__(self, row: Any) -> Any:
        downloader: Any = import_module("img2dataset.downloader")
        opener(self.limits.allow)  # once, before the threads want it
        downloader.download_image_with_retry = partial(fetch, limits=self.limits)
        return downloader.Downloader(**self.given)(row)


def _again(limits: Limits, given: bytes) -> Guarded:
    """A Guarded in a worker process, where its writers' modules are first imported here."""
    _light()
    return Guarded(limits, **pickle.loads(given))


def _light() -> None:
    """Keep out what img2dataset imports and never uses here: webdataset's torch costs each worker three seconds and
    300 MB, and importing wandb leaves two folders in the temporary directory."""
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    sys.modules.setdefault("wandb", ModuleType("wandb"))


def main(file: str) -> None:
    """Run img2dataset with the settings of a file."""
    _light()
    from rsdata.services import _fetch  # by its name, not as __main__: worker processes look it up

    settings = json.loads(Path(file).read_text("utf-8"))
    limits: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in settings["limits"].items()}
    theirs: Any = import_module("img2dataset.main")  # `img2dataset.main` itself is a function of the package
    theirs.Downloader = partial(_fetch.Guarded, _fetch.Limits(**limits))
    theirs.download(**settings["download"])


if __name__ == "__main__":
    main(sys.argv[1])
