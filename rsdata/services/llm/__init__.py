"""Language models that write captions: one question in, one answer out, whoever runs the model.

    gemini          google-genai (extra `gemini`)
    gemini-legacy   google-generativeai (extra `gemini-legacy`, end of life 30 Nov 2025)
    openai          any OpenAI-compatible endpoint: vLLM, Ollama, llama.cpp, ... (nothing to install)

A writer is a function from Question to Answer. It raises Busy for what may work on a second try (429, 5xx, a timeout, a
dropped connection), ServiceError for what will not (a wrong key, an unknown model). A refusal is an answer, too.

Keys come from the environment alone (GEMINI_API_KEY or GOOGLE_API_KEY; OPENAI_API_KEY) and are never logged or stored;
`clean` takes them out of what a service or a library says.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from rsdata.errors import BadRecipe, ServiceError

WRITERS = {"gemini": "gemini", "gemini-legacy": "gemini_legacy", "openai": "openai"}
KEYS = {"gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"), "openai": ("OPENAI_API_KEY",)}
KEYS["gemini-legacy"] = KEYS["gemini"]
RETRIED = {408, 409, 429, 500, 502, 503, 504, 529}
IMAGE_TOKENS = 300  # of one image of at most 768 pixels a side, about: Gemini counts 258


class Question(NamedTuple):
    """What is asked. `schema`: JSON Schema of the answer. `image`: a JPEG, or empty."""

    system: str
    text: str
    schema: Mapping[str, Any]
    image: bytes = b""
    seed: int = 0
    temperature: float = 0.4
    max_tokens: int = 1024

    def key(self, model: str) -> str:
        """Identity by content: the same question to the same model is never paid twice."""
        told = [model, self.system, self.text, self.schema, self.seed, self.temperature, self.max_tokens]
        found = hashlib.sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode())
        found.update(hashlib.sha256(self.image).digest() if self.image else b"")
        return found.hexdigest()[:40]

    def tokens(self) -> int:
        """Tokens of the question, about: four letters each, and those of the image."""
        letters = len(self.system) + len(self.text) + len(json.dumps(self.schema))
        return letters // 4 + 1 + (IMAGE_TOKENS if self.image else 0)


class Answer(NamedTuple):
    """What came back. `refused`: why the service gave no text (SAFETY, content_filter, ...), else empty."""

    text: str
    tokens_in: int = 0
    tokens_out: int = 0
    refused: str = ""


class Busy(ServiceError):
    """Worth a second try. `wait`: seconds that the service asked for, or 0."""

    wait: float = 0.0


Writer = Callable[[Question], Answer]


def busy(text: str, wait: float = 0.0) -> Busy:
    """A Busy with what the service asked for."""
    error = Busy(text)
    error.wait = wait
    return error


def connect(llm: str, model: str, endpoint: str = "", timeout: float = 60.0) -> Writer:
    """A writer by its name. Raises BadRecipe for an unknown one or a missing key, MissingExtra without its package."""
    if llm not in WRITERS:
        raise BadRecipe(f"no language model service is called {llm!r}; there are template, {', '.join(WRITERS)}")
    if not model:
        raise BadRecipe(f"--llm {llm} needs the name of a model, such as --model gemini-2.5-flash")
    check_endpoint(llm, endpoint)
    writer: Writer = import_module(f"{__name__}.{WRITERS[llm]}").connect(model, endpoint, timeout)
    return writer


def check_endpoint(llm: str, endpoint: str) -> None:
    """Raises BadRecipe for an endpoint that is none, or that holds a secret: it is written into the corpus."""
    if not endpoint:
        if llm == "openai":
            raise BadRecipe("--llm openai needs --endpoint, such as http://localhost:8000/v1")
        return
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadRecipe("endpoint wants an address such as http://localhost:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise BadRecipe("endpoint wants no user, password or query: it is kept in the corpus; keys come from variables")


def api_key(llm: str) -> str:
    """The key of a service from the environment, "" for none."""
    return next((os.environ[name] for name in KEYS[llm] if os.environ.get(name)), "")


def needed_key(llm: str) -> str:
    """The key of a service that works with none else."""
    if key := api_key(llm):
        return key
    raise BadRecipe(f"--llm {llm} needs a key: set {' or '.join(KEYS[llm])}; nothing was asked")


def clean(text: object, key: str) -> str:
    """One line without the key, to be shown."""
    line = " ".join(str(text).split())[:300]
    return line.replace(key, "***") if key else line


def failure(model: str, code: int, said: object, key: str, wait: float = 0.0) -> ServiceError:
    """The error for an HTTP status: Busy where another try makes sense."""
    text = f"{model}: the service answered {code}: {clean(said, key)}"
    if code in RETRIED or code >= 500:
        return busy(text, wait)
    way = {401: "is the key right?", 403: "is the key right?", 404: "is the model's name right?"}.get(code, "")
    return ServiceError(f"{text}; {way or 'the request was not accepted'}")
