"""Scene sets by name, one after another: zero-shot or probes on each, and means over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rsdata import recipe
from rsdata.errors import BadCorpus, BadRecipe
from rsdata.evaluate import classes, data, probing, prompts, report, splits, zeroshot
from rsdata.evaluate.features import Encoder

TWELVE = "twelve"


def run(
    task: str,
    encoder: Encoder,
    what: str,
    root: Path | None,
    how: Mapping[str, Any],
    progress: Any = None,
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """What was measured on, the result, and the sets' names. `what`: names or folders joined by commas, or `twelve`.

    `how` are the parameters of zeroshot.run or probing.run; langs may be text ("en,fr" or "all").
    """
    names = names_of(what)
    if root is not None and len(names) > 1:
        raise BadRecipe("eval: --root is the folder of one dataset, but several are named; set RSDATA_DATA instead")
    params = {**how, "langs": _langs(how["langs"], how["prompt_set"])} if "langs" in how else dict(how)
    every, abouts, sources = [], [], []
    for name in names:
        found = data.read(name, root=root)
        _, known = classes.of(found)
        made = (
            zeroshot.run(encoder, found, progress=progress, **params)
            if task == "zeroshot"
            else probing.run(task, encoder, found, progress=progress, **params)
        )
        every.append(made)
        abouts.append(found.about())
        sources.append(known.set_name)
    result = report.merged(every)
    known_sets = splits.table()["sets"]
    missing = sorted(set(known_sets) - set(sources))
    partial = list(_partial(sources, abouts))
    result["comparable"] = not missing and not partial and len(sources) == len(known_sets)
    result["notes"] += partial
    if what == TWELVE and missing:
        result["notes"].append(
            f"of RemoteCLIP's twelve sets {', '.join(missing)} are not here: no mean beside the paper's"
        )
    return _about(what, abouts), result, sources


def _partial(sources: Sequence[str], abouts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each set of which less is here than there is, where it is known how much that is."""
    for name, about in zip(sources, abouts, strict=True):
        whole = splits.table()["sets"].get(name, {}).get("images")
        if whole is not None and about["images"] != whole:
            yield f"{name}: {about['images']:,} images are here, the whole set has {whole:,}: no number of a paper fits"


def names_of(what: str) -> list[str]:
    """The sets that a text names; `twelve` takes those of RemoteCLIP that lie in the data folder."""
    if what != TWELVE:
        return [part.strip() for part in what.split(",") if part.strip()]
    found = [name for name in splits.table()["sets"] if (recipe.data_folder() / name).is_dir()]
    if not found:
        wanted = ", ".join(splits.table()["sets"])
        raise BadCorpus(f"eval: none of RemoteCLIP's sets in {recipe.data_folder()}/ (RSDATA_DATA); wanted {wanted}")
    return found


def _langs(text: Any, prompt_set: str) -> list[str]:
    if not isinstance(text, str):
        return list(text)
    return list(prompts.load(prompt_set)["langs"]) if text == "all" else [part.strip() for part in text.split(",")]


def _about(what: str, abouts: list[dict[str, Any]]) -> dict[str, Any]:
    if len(abouts) == 1:
        return abouts[0]
    left: dict[str, int] = {}
    for about in abouts:
        for reason, n in about["left_out"].items():
            left[reason] = left.get(reason, 0) + n
    name = what if what == TWELVE else "+".join(about["name"] for about in abouts)
    return {"name": name, "images": sum(about["images"] for about in abouts), "left_out": left, "sets": abouts}
