"""What the text stage leaves on disk: kept rows as Parquet for the download, others by number and rule, a ledger."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rsdata.errors import Conservation
from rsdata.stages import _rules

if TYPE_CHECKING:
    import pyarrow as pa

FILE_ROWS = 500_000  # rows of one file: img2dataset holds a whole file in memory
EXAMPLES = 12
TOP = 200  # domains in the ledger
SILENT = ("personal-data",)  # rules whose examples are not shown again


class Rows:
    """Takes judged batches; `finish` writes the ledger. An earlier run's files are removed first."""

    def __init__(self, out: Path) -> None:
        self.out, self.count, self.kept = out, 0, 0
        self.dropped: Counter[str] = Counter()
        self.langs: Counter[str] = Counter()
        self.domains: Counter[str] = Counter()
        self.scores: Counter[float] = Counter()
        self.examples: dict[str, list[dict[str, Any]]] = {}
        self._writers: dict[str, Any] = {}
        self._number, self._in_file = -1, FILE_ROWS

    def __enter__(self) -> Rows:
        (self.out / "rows").mkdir(parents=True, exist_ok=True)
        for old in [self.out / "text.json", self.out / "refused.parquet", *(self.out / "rows").glob("*.parquet")]:
            old.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def add(self, numbers: npt.NDArray[np.int64], urls: pa.Array, judged: _rules.Judged, broken: int) -> None:
        """Rows of one batch, and how many lines were broken."""
        self.count += len(numbers) + broken
        codes = judged.codes
        for code, found in zip(*np.unique(codes[codes > 0], return_counts=True), strict=True):
            self.dropped[_rules.RULES[code - 1]] += int(found)
        if broken:
            self.dropped["broken-row"] += broken
        asked = judged.scores[~np.isnan(judged.scores)]
        self.scores.update(np.round(asked.astype(float), 1).tolist())
        self._refuse(numbers, judged, broken)
        self._keep(numbers, urls, judged)
        self._show(numbers, judged)

    def finish(self, key: str, settings: dict[str, Any]) -> dict[str, Any]:
        """Write text.json, whole and last. Raises Conservation where rows do not add up."""
        dropped = {rule: self.dropped[rule] for rule in _rules.RULES if self.dropped[rule]}
        if self.kept + sum(dropped.values()) != self.count:
            raise Conservation(
                f"{self.out}: {self.count} rows, but {self.kept} kept and {sum(dropped.values())} dropped"
            )
        ledger = {
            "key": key,
            "settings": settings,
            "rows": self.count,
            "kept": self.kept,
            "dropped": dropped,
            "kept_by_lang": dict(self.langs.most_common()),
            "kept_by_domain": dict(sorted(self.domains.most_common(TOP), key=lambda pair: (-pair[1], pair[0]))),
            "scores": {f"{score:g}": n for score, n in sorted(self.scores.items())},
            "examples": {rule: self.examples[rule] for rule in ("kept", *_rules.RULES) if self.examples.get(rule)},
        }
        temporary = self.out / "text.json.tmp"
        text = json.dumps(ledger, indent=1, ensure_ascii=False) + "\n"
        temporary.write_text(text, "utf-8")
        temporary.replace(self.out / "text.json")
        return dict(json.loads(text))

    def _refuse(self, numbers: npt.NDArray[np.int64], judged: _rules.Judged, broken: int) -> None:
        import pyarrow as pa

        gone = np.flatnonzero(judged.codes)
        rows = np.r_[numbers[gone], np.arange(broken) + (self.count - broken)]
        rules = np.r_[judged.codes[gone] - 1, np.full(broken, _rules.CODE["broken-row"] - 1)].astype(np.int8)
        columns = {
            "row": pa.array(rows, pa.int64()),
            "rule": pa.DictionaryArray.from_arrays(pa.array(rules), pa.array(_rules.RULES)),
            "detail": pa.array([*judged.details[gone], *[""] * broken], pa.string()),
        }
        self._write("refused.parquet", pa.table(columns))

    def _keep(self, numbers: npt.NDArray[np.int64], urls: pa.Array, judged: _rules.Judged) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        kept = np.flatnonzero(judged.codes == 0)
        if not len(kept):
            return
        url = pc.utf8_trim_whitespace(urls.take(pa.array(kept)))
        columns = {
            "rsdata_id": pa.array([f"{n:010d}" for n in numbers[kept].tolist()]),
            "url": url,
            "caption": judged.texts.take(pa.array(kept)),
            "alt_lang": pa.array(judged.langs[kept], pa.string()),
            "alt_score": pa.array(judged.scores[kept]),
        }
        self.kept += len(kept)
        self.langs.update(judged.langs[kept].tolist())
        for pair in _rules.hosts(url).value_counts().to_pylist():
            self.domains[pair["values"] or ""] += pair["counts"]
        if self._in_file >= FILE_ROWS:
            if self._number >= 0:
                self._writers.pop(f"rows/{self._number:05d}.parquet").close()
            self._number, self._in_file = self._number + 1, 0
        self._in_file += len(kept)
        self._write(f"rows/{self._number:05d}.parquet", pa.table(columns))

    def _write(self, name: str, table: pa.Table) -> None:
        import pyarrow.parquet as pq

        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self.out / name, table.schema, compression="zstd")
        self._writers[name].write_table(table)

    def _show(self, numbers: npt.NDArray[np.int64], judged: _rules.Judged) -> None:
        for code, rule in enumerate(("kept", *_rules.RULES)):
            shown = self.examples.setdefault(rule, []) if rule not in SILENT else None
            if shown is None or len(shown) >= EXAMPLES:
                continue
            for n in np.flatnonzero(judged.codes == code)[: EXAMPLES - len(shown)].tolist():
                text = judged.texts[n].as_py()
                shown.append({"row": int(numbers[n]), "text": text[:200], "detail": str(judged.details[n])})
