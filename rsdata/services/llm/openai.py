"""Any endpoint that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, LM Studio, and services. Plain HTTP.

POST {endpoint}/chat/completions
{"model": "...", "messages": [...], "response_format": {"type": "json_schema", ...}, "seed": 0, ...}
"""

from __future__ import annotations

import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from rsdata.services import llm
from rsdata.services.llm import Answer, Question, Writer


def connect(model: str, endpoint: str, timeout: float) -> Writer:
    """A writer. Without OPENAI_API_KEY no key is sent, as local servers want it."""
    key = llm.api_key("openai")
    address = endpoint.rstrip("/") + "/chat/completions"
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    opener = urllib.request.build_opener(_Stay)

    def ask(question: Question) -> Answer:
        data = json.dumps(body(model, question)).encode()
        request = urllib.request.Request(address, data=data, headers=headers, method="POST")
        try:
            with opener.open(request, timeout=timeout) as response:
                return answer(json.loads(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(2000).decode("utf-8", "replace")
            raise llm.failure(model, error.code, said, key, _wait(error.headers)) from None
        except (OSError, http.client.HTTPException) as error:
            raise llm.busy(f"{model}: {type(error).__name__}: {llm.clean(error, key)}") from None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise llm.busy(f"{model}: an answer that is none ({llm.clean(error, key)})") from None

    return ask


class _Stay(urllib.request.HTTPRedirectHandler):
    """No redirect: the key must not follow one to another host."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Let the redirect be an error."""


def body(model: str, question: Question) -> dict[str, Any]:
    """The request as JSON data; a batch line holds the same."""
    user: Any = question.text
    if question.image:
        url = "data:image/jpeg;base64," + base64.b64encode(question.image).decode()
        user = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": question.text}]
    return {
        "model": model,
        "messages": [{"role": "system", "content": question.system}, {"role": "user", "content": user}],
        "temperature": question.temperature,
        "seed": question.seed,
        "max_tokens": question.max_tokens,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "captions", "strict": True, "schema": question.schema},
        },
    }


def answer(found: Mapping[str, Any]) -> Answer:
    """The answer in a response. Raises KeyError, IndexError or TypeError where it is none."""
    choice = found["choices"][0]
    message, usage = choice["message"], found.get("usage") or {}
    spent = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
    refused = message.get("refusal") or (choice.get("finish_reason") == "content_filter" and "content_filter") or ""
    return Answer(str(message.get("content") or ""), *spent, "refusal" if message.get("refusal") else str(refused))


def _wait(headers: Any) -> float:
    """Seconds of a Retry-After header; 0 where it has none, or a date."""
    try:
        return min(600.0, max(0.0, float(headers.get("Retry-After", 0))))
    except ValueError:
        return 0.0
