"""What a stage that asks a language model would ask and cost, worked out before anything is read or asked.

`--dry-run` counts the real questions of a corpus; this is for `rsdata plan`, which has no more than a recipe and a
sample of records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rsdata.record import Record
from rsdata.services.llm import Question
from rsdata.stages import _asking, _landcut

STAGES = {"landmarks": "per_image", "describe": "captions"}  # that ask, and their parameter for captions a record
FACTS = 600  # letters of the facts about one record, about; a rich one of a town has 1,500


def asks(stage: str, params: Mapping[str, Any]) -> bool:
    """Whether this stage of a recipe asks a model."""
    return stage in STAGES and (params.get("writer") or {}).get("llm", "template") != "template"


def windows(params: Mapping[str, Any], records: Sequence[Record]) -> int:
    """Windows that `landmarks` would cut from these records."""
    cut = (params["ground"], params["overlap"])
    return sum(sum(1 for _ in _landcut.windows(r, *cut)) for r in records if r.geo is not None and r.geo.crs)


def cost(stage: str, params: Mapping[str, Any], records: int) -> dict[str, Any]:
    """Requests, tokens, dollars (None where no price is known) and minutes of `asking` about so many records.

    `worst`: every answer at its longest, and a repair of each. Windows without a landmark and answers that are known
    already cost nothing, so this is rather too much. Raises BadRecipe for a writer that cannot be.
    """
    how = _asking.of(params["writer"], stage, stage)
    words, n = _asking.prompt_of(how.prompt), params[STAGES[stage]]
    text = words.user.format(image="", facts="x" * FACTS, n=n)
    question = Question(words.system, text, _asking.SCHEMA, b"x" if how.with_image else b"")
    total = _asking.total(how, records, records * question.tokens(), records * _asking.answer_tokens(n))
    return {"stage": stage, "llm": how.llm, "model": how.model, "budget": how.budget or None, **total}
