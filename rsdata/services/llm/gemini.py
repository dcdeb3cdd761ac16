"""Gemini by google-genai. Retries are ours, not the library's."""

from __future__ import annotations

from typing import Any

from rsdata.errors import MissingExtra
from rsdata.services import llm
from rsdata.services.llm import Answer, Question, Writer

BLOCKED = {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "LANGUAGE"}


def connect(model: str, endpoint: str, timeout: float) -> Writer:
    """A writer. `endpoint` stands for the service's own address; `timeout` in seconds."""
    try:
        import httpx2
        from google import genai
        from google.genai import errors, types
    except ImportError as error:
        raise MissingExtra("google-genai", "gemini", "asking Gemini") from error
    key = llm.needed_key("gemini")
    options = types.HttpOptions(base_url=endpoint or None, timeout=int(timeout * 1000))
    client = genai.Client(api_key=key, http_options=options, vertexai=False)

    def ask(question: Question) -> Answer:
        parts = [types.Part.from_text(text=question.text)]
        if question.image:
            parts.insert(0, types.Part.from_bytes(data=question.image, mime_type="image/jpeg"))
        config = types.GenerateContentConfig(
            system_instruction=question.system,
            temperature=question.temperature,
            seed=question.seed,
            max_output_tokens=question.max_tokens,
            response_mime_type="application/json",
            response_json_schema=dict(question.schema),
        )
        try:
            found = client.models.generate_content(
                model=model, contents=types.Content(role="user", parts=parts), config=config
            )
        except errors.APIError as error:
            raise llm.failure(model, int(error.code or 0), error.message, key) from None
        except (httpx2.HTTPError, OSError) as error:
            raise llm.busy(f"{model}: {type(error).__name__}: {llm.clean(error, key)}") from None
        except (errors.UnknownApiResponseError, ValueError) as error:
            raise llm.busy(f"{model}: an answer that is none ({llm.clean(error, key)})") from None
        return _answer(found)

    return ask


def _answer(found: Any) -> Answer:
    usage = found.usage_metadata
    spent_in = int(getattr(usage, "prompt_token_count", 0) or 0)
    spent_out = int(getattr(usage, "candidates_token_count", 0) or 0)
    spent_out += int(getattr(usage, "thoughts_token_count", 0) or 0)
    blocked = found.prompt_feedback and found.prompt_feedback.block_reason
    if not found.candidates:
        return Answer("", spent_in, spent_out, _name(blocked) if blocked else "no-candidate")
    reason = _name(found.candidates[0].finish_reason)
    content = found.candidates[0].content
    text = "".join(part.text or "" for part in (content.parts or ()) if not part.thought) if content else ""
    return Answer(text, spent_in, spent_out, reason if reason in BLOCKED else "")


def _name(value: Any) -> str:
    return str(getattr(value, "name", value) or "")
