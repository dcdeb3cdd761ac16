"""Fetch the images of a table by img2dataset, in a process of its own, with manners and limits (`_fetch.py`).

Shards land in OUT/images as img2dataset writes them (00000.tar, 00000.parquet, 00000_stats.json); a shard whose stats
are there is not fetched again, so that a stopped download goes on. The process ends with 0 whatever happened, so what
came back is counted here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rsdata import __version__
from rsdata.errors import BadRecipe, BadSource, MissingExtra, ServiceError
from rsdata.services import addresses

DIRECTIVES = ("noai", "noimageai", "noindex", "noimageindex", "none")
DISTRIBUTORS = {"multiprocessing": "", "ray": "ray", "pyspark": "pyspark"}


@dataclass(frozen=True)
class Settings:
    """How to download.

    size: longer sides beyond this many pixels are shrunk to it, others keep their bytes (0: nothing is shrunk).
    agent: what is added to our name in the User-Agent, such as a mail address or a page that explains the crawl.
    allow: networks that may be asked although they are not public, such as 127.0.0.0/8. opt_out: False asks nobody's
    leave: X-Robots-Tag and TDM-Reservation are then not read. threads: of each process.
    """

    size: int = 1024
    min_side: int = 64
    max_pixels: int = 100_000_000
    max_bytes: int = 50_000_000
    timeout: float = 10.0
    retries: int = 2
    threads: int = 64
    processes: int = 0
    shard: int = 10_000
    agent: str = ""
    allow: tuple[str, ...] = ()
    opt_out: bool = True
    distributor: str = "multiprocessing"
    format: str = "webdataset"


def check(settings: Settings) -> None:
    """Raise BadRecipe or MissingExtra for what could not work, before anything is asked of anybody."""
    if settings.distributor not in DISTRIBUTORS:
        raise BadRecipe(f"distributor {settings.distributor!r}: known are {', '.join(DISTRIBUTORS)}")
    if settings.format not in ("webdataset", "files", "parquet"):
        raise BadRecipe(f"format {settings.format!r}: known are webdataset, files, parquet")
    addresses.networks(settings.allow)
    if importlib.util.find_spec("img2dataset") is None:
        raise MissingExtra("img2dataset", "web", "downloading images")
    package = DISTRIBUTORS[settings.distributor]
    if package and importlib.util.find_spec(package) is None:  # img2dataset would do nothing, and say nothing
        raise MissingExtra(package, "ray" if package == "ray" else "web", f"the distributor {package}")


def download(out: Path, columns: Sequence[str], settings: Settings, log: Path | None = None) -> dict[str, int]:
    """Fetch the rows of OUT/rows/*.parquet (columns url, caption and `columns`, which go with each row) into
    OUT/images; return how many rows ended how. What img2dataset prints goes to `log`.

    Raises ServiceError where shards are missing at the end, BadSource where OUT/images was made with other settings.
    """
    check(settings)
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    wanted = _arguments(out, columns, settings)
    _same(out / "download.json", wanted, list((out / "rows").glob("*.parquet")))
    log = log or out / "download.log"
    done, shards = _shards(out, settings.shard)
    if len(done) < shards:
        with log.open("ab") as file:
            command = [sys.executable, "-m", "rsdata.services._fetch", str(out / "download.json")]
            given: Any = {"stdout": file, "stderr": file, "stdin": subprocess.DEVNULL, "env": _environment()}
            ended = subprocess.run(command, check=False, **given).returncode
        if ended:
            raise ServiceError(f"{log}: img2dataset ended with {ended}: {_last_line(log)}; run this again, it resumes")
        done, shards = _shards(out, settings.shard)
    if len(done) != shards:
        said = _last_line(log)
        raise ServiceError(f"{log}: {len(done)} of {shards} shards are there: {said}; run this again, it resumes")
    return _counted(done)


def user_agent(settings: Settings) -> str:
    """How we name ourselves to servers."""
    more = f"; {settings.agent}" if settings.agent else ""
    return f"rsdata/{__version__} (image dataset download by img2dataset{more})"


def _arguments(out: Path, columns: Sequence[str], settings: Settings) -> dict[str, Any]:
    limits = {
        "timeout": settings.timeout,
        "max_bytes": settings.max_bytes,
        "min_side": settings.min_side,
        "max_pixels": settings.max_pixels,
        "agent": user_agent(settings),
        "allow": list(settings.allow),
        "directives": list(DIRECTIVES) if settings.opt_out else [],
    }
    download = {
        "url_list": str(out.absolute() / "rows"),
        "output_folder": str(out.absolute() / "images"),
        "input_format": "parquet",
        "url_col": "url",
        "caption_col": "caption",
        "save_additional_columns": list(columns),
        "output_format": settings.format,
        "image_size": settings.size or 1,
        "resize_mode": "keep_ratio_largest" if settings.size else "no",
        "resize_only_if_bigger": True,
        "skip_reencode": True,
        "max_image_area": settings.max_pixels,
        "min_image_size": settings.min_side,
        "extract_exif": False,
        "compute_hash": "sha256",
        "processes_count": settings.processes or len(os.sched_getaffinity(0)),
        "thread_count": settings.threads,
        "number_sample_per_shard": settings.shard,
        "timeout": settings.timeout,
        "retries": settings.retries,
        "distributor": settings.distributor,
        "user_agent_token": "rsdata",
        "disallowed_header_directives": list(DIRECTIVES) if settings.opt_out else [],
    }
    return {"limits": limits, "download": download}


def _same(file: Path, wanted: dict[str, Any], rows: list[Path]) -> None:
    """Write the settings; refuse to go on with shards whose rows or pictures were others."""
    import pyarrow.parquet as pq

    counts = {path.name: pq.read_metadata(path).num_rows for path in sorted(rows)}
    told = {"rows": counts, **{k: wanted["download"][k] for k in ("image_size", "resize_mode", "output_format")}}
    told["number_sample_per_shard"] = wanted["download"]["number_sample_per_shard"]
    if (
        (file.parent / "images").is_dir()
        and file.is_file()
        and (before := json.loads(file.read_text("utf-8")).get("about")) != told
    ):
        changed = ", ".join(name for name in told if (before or {}).get(name) != told[name])
        raise BadSource(
            f"{file}: the images were downloaded with other {changed}; give another --root, or delete images/"
        )
    file.write_text(json.dumps({**wanted, "about": told}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _environment() -> dict[str, str]:
    """The user's, without what would make the process talk to others or pick up code from the working folder."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    return own | {
        "NO_ALBUMENTATIONS_UPDATE": "1",
        "WANDB_MODE": "disabled",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _shards(out: Path, size: int) -> tuple[list[Path], int]:
    """The stats of finished shards, and how many shards the rows make: each file of rows begins a new one."""
    import pyarrow.parquet as pq

    wanted = sum(-(-pq.read_metadata(path).num_rows // size) for path in (out / "rows").glob("*.parquet"))
    return sorted((out / "images").glob("*_stats.json")), wanted


def _counted(done: Sequence[Path]) -> dict[str, int]:
    """How rows ended, by img2dataset's own tables."""
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    for stats in done:
        name = stats.name.replace("_stats.json", ".parquet")
        found.update(pq.read_table(stats.with_name(name), columns=["status"]).column(0).to_pylist())
    return dict(sorted(found.items()))


def _last_line(log: Path) -> str:
    text = log.read_text("utf-8", "replace") if log.is_file() else ""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else "it said nothing"
