"""Questions as the JSONL files that services take as batches at half the price, and their answers back.

    Gemini   {"key": "...", "request": {"contents": [...], "systemInstruction": {...}, "generationConfig": {...}}}
             {"key": "...", "response": {"candidates": [...], "usageMetadata": {...}}}
    OpenAI   {"custom_id": "...", "method": "POST", "url": "/v1/chat/completions", "body": {...}}
             {"custom_id": "...", "response": {"status_code": 200, "body": {...}}}

Sources: ai.google.dev Batch API, input file in JSONL; platform.openai.com Batch API.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rsdata.errors import BadAnnotation
from rsdata.services.llm import Answer, Question, openai


def line(llm: str, model: str, key: str, question: Question) -> str:
    """One line of a batch, without its end."""
    if llm == "openai":
        row: dict[str, Any] = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions"}
        row["body"] = openai.body(model, question)
    else:
        row = {"key": key, "request": _gemini(question)}
    return json.dumps(row, ensure_ascii=False)


def _gemini(question: Question) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": question.text}]
    if question.image:
        data = base64.b64encode(question.image).decode()
        parts.insert(0, {"inlineData": {"mimeType": "image/jpeg", "data": data}})
    return {
        "contents": [{"role": "user", "parts": parts}],
        "systemInstruction": {"parts": [{"text": question.system}]},
        "generationConfig": {
            "temperature": question.temperature,
            "seed": question.seed,
            "maxOutputTokens": question.max_tokens,
            "responseMimeType": "application/json",
            "responseJsonSchema": question.schema,
        },
    }


def answers(path: Path) -> Iterator[tuple[str, Answer | None]]:
    """Key and answer of each line of a result file; None for a question that failed there.

    Raises BadAnnotation for a line that is no result of a batch.
    """
    with path.open(encoding="utf-8") as file:
        yield from parse(file, str(path))


def parse(lines: Iterable[str], shown: str) -> Iterator[tuple[str, Answer | None]]:
    """The same of lines; `shown` names the file in errors."""
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
            yield _row(row)
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise BadAnnotation(shown, number, f"no result line of a batch ({error!r})") from error


def _row(row: dict[str, Any]) -> tuple[str, Answer | None]:
    if "custom_id" in row:
        response = row.get("response") or {}
        good = response.get("status_code") == 200
        return row["custom_id"], openai.answer(response["body"]) if good else None
    response = row.get("response")
    return row["key"], _from_gemini(response) if response else None


def _from_gemini(response: dict[str, Any]) -> Answer:
    usage = response.get("usageMetadata", {})
    spent = int(usage.get("promptTokenCount", 0)), int(usage.get("candidatesTokenCount", 0))
    candidates = response.get("candidates") or []
    if not candidates:
        return Answer("", *spent, str(response.get("promptFeedback", {}).get("blockReason", "no-candidate")))
    parts = candidates[0].get("content", {}).get("parts", [])
    reason = candidates[0].get("finishReason", "STOP")
    refused = "" if reason in ("STOP", "MAX_TOKENS") else reason
    return Answer("".join(part.get("text", "") for part in parts if not part.get("thought")), *spent, refused)
