"""Gemini by google-generativeai 0.8.6, the client that existing users have; its support ended on 30 November 2025.

It has no seed. Plain HTTP (transport rest) is used throughout.
"""

from __future__ import annotations

import warnings
from typing import Any

from rsdata.errors import MissingExtra
from rsdata.services import llm
from rsdata.services.llm import Answer, Question, Writer

BLOCKED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"}
KEPT = {"type", "properties", "items", "required", "description"}  # of JSON Schema, what its Schema type knows


def connect(model: str, endpoint: str, timeout: float) -> Writer:
    """A writer. The client keeps key and address for the whole process, so one process asks one service."""
    genai, exceptions, requests, parsing = _packages()
    key = llm.needed_key("gemini-legacy")
    options = {"api_endpoint": endpoint} if endpoint else None
    genai.configure(api_key=key, transport="rest", client_options=options)

    def ask(question: Question) -> Answer:
        writer = genai.GenerativeModel(model, system_instruction=question.system)
        parts: list[Any] = [{"mime_type": "image/jpeg", "data": question.image}] if question.image else []
        config = {
            "temperature": question.temperature,
            "max_output_tokens": question.max_tokens,
            "response_mime_type": "application/json",
            "response_schema": _schema(question.schema),
        }
        try:
            found = writer.generate_content(
                [*parts, question.text], generation_config=config, request_options={"timeout": timeout, "retry": None}
            )
        except exceptions.RetryError as error:
            raise llm.busy(f"{model}: {llm.clean(error, key)}") from None
        except exceptions.GoogleAPICallError as error:
            raise llm.failure(model, int(error.code or 0), error.message, key) from None
        except (requests.exceptions.RequestException, OSError) as error:
            raise llm.busy(f"{model}: {type(error).__name__}: {llm.clean(error, key)}") from None
        except (parsing.Error, ValueError) as error:
            raise llm.busy(f"{model}: an answer that is none ({llm.clean(error, key)})") from None
        return _answer(found)

    return ask


def _packages() -> tuple[Any, Any, Any, Any]:
    """The client, its errors, and the transport's; importing it warns that its time is over, which the user chose."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            import google.generativeai as genai
            import requests
            from google.api_core import exceptions
            from google.protobuf import json_format
    except ImportError as error:
        raise MissingExtra("google-generativeai", "gemini-legacy", "asking Gemini by the older client") from error
    return genai, exceptions, requests, json_format


def _schema(schema: Any) -> Any:
    """The schema without the words that this client does not know (additionalProperties, minItems, ...)."""
    if not isinstance(schema, dict):
        return schema
    found = {k: v for k, v in schema.items() if k in KEPT}
    if "properties" in found:
        found["properties"] = {name: _schema(value) for name, value in found["properties"].items()}
    if "items" in found:
        found["items"] = _schema(found["items"])
    return found


def _answer(found: Any) -> Answer:
    usage = found.usage_metadata
    spent = int(usage.prompt_token_count), int(usage.candidates_token_count)
    if not found.candidates:
        return Answer("", *spent, str(found.prompt_feedback.block_reason.name) or "no-candidate")
    candidate = found.candidates[0]
    text = "".join(part.text for part in candidate.content.parts)
    reason = str(getattr(candidate.finish_reason, "name", candidate.finish_reason))
    return Answer(text, *spent, reason if reason in BLOCKED else "")
