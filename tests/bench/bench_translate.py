"""Translation: the stage against CTranslate2 itself on the same different sentences, and against it on the raw list.

    python tests/bench/bench_translate.py [--captions 20000] [--shape small] [--beam 1] [--threads 2] [--whole]

The model has random weights and the shape of a small Marian (256 wide, 3 + 3 layers, int8) or of OPUS-MT's (base), and
every sentence is decoded to 22 tokens, as a caption has, since random weights never end one. Both sides have the same
batches, beam and lengths; the stage also reads the corpus, checks every translation and remembers it (no second try:
everything that random weights say fails the checks). What both say is compared first. --whole: also `translate_batch`
on the raw list. Processor seconds are printed beside those of the clock, for a machine that does other work too.
The goals (design, section 8): at least 95 % of the bare engine's rate on different sentences; on the raw list, at
least the share of repeated strings saved.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ctranslate2

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tiny_models

from rsdata.record import Caption, Record, write_part
from rsdata.services import models, translators
from rsdata.stages import _memory, translate
from rsdata.words import quality

TOKENS = 22
SHAPES = {"small": (256, 3, 4000), "base": (512, 6, 32000)}  # width, layers on each side, pieces
WORDS = (
    ("many", "some", "two", "three", "several", "a lot of", "rows of", "a few"),
    ("white", "green", "old", "small", "large", "grey", "dense", "long"),
    ("planes", "buildings", "trees", "ships", "cars", "houses", "storage tanks", "tennis courts", "roads", "boats"),
    ("are near", "are beside", "surround", "stand around", "are in", "are parked next to", "lie along"),
    ("a river", "a road", "the harbor", "an airport", "a square lake", "a piece of meadow", "a curved beach"),
    (".", "with green plants .", "in a residential area .", "and a parking lot .", "on both sides of the road ."),
)


def captions(total: int) -> list[str]:
    """Captions of which about a third are different, the share of RSICD."""
    rng = random.Random(0)
    different = list({" ".join(rng.choice(part) for part in WORDS) for _ in range(int(total * 0.3))})
    return different + rng.choices(different[: len(different) // 2], k=total - len(different))


def model(folder: Path, sentences: list[str], shape: str) -> Path:
    """A converted model in `folder`."""
    import sentencepiece

    width, layers, pieces_wanted = SHAPES[shape]

    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences[:5000]),
        model_writer=pieces,
        vocab_size=pieces_wanted,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    tiny_models.SMALL |= {"d_model": width, "encoder_layers": layers, "decoder_layers": layers}
    tiny_models.SMALL |= {f"{side}_attention_heads": width // 64 for side in ("encoder", "decoder")}
    tiny_models.SMALL |= {f"{side}_ffn_dim": 4 * width for side in ("encoder", "decoder")}
    tiny_models.pieces = lambda extra=None: pieces.getvalue()
    models.convert(tiny_models.make(folder / "opus-mt-en-fr", "marian"), folder / "ct2")
    return folder / "ct2"


def bare(engine: translators.Engine, texts: list[str], beam: int) -> list[str]:
    """`translate_batch` and nothing else; sentences to tokens and back belong to the work."""
    pieces = [engine.encode(text, "fr") for text in texts]
    found = engine.model.translate_batch(
        pieces,
        beam_size=beam,
        batch_type="tokens",
        max_batch_size=translators.BATCH["cpu"],
        max_decoding_length=TOKENS,
    )
    return [engine.decode(result.hypotheses[0]) for result in found]


def stage(work: Path, parts: list[Path], folder: Path, beam: int, threads: int) -> dict[str, Any]:
    """The whole preparation of the stage: read, find what is missing, translate, check, remember."""
    options = {"model": str(folder), "beam": beam, "retry_beam": beam, "threads": threads}
    return translate.prepare(parts, out=work / "01-translate", langs=["fr"], **options)


def timed(job: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds on the clock, seconds of processor over all threads, and what came out."""
    clock, processor = time.perf_counter(), time.process_time()
    found = job()
    return time.perf_counter() - clock, time.process_time() - processor, found


def main() -> None:
    """Print both rates and their ratio, best of the rounds."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--captions", type=int, default=20_000)
    parser.add_argument("--beam", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shape", choices=SHAPES, default="small", help="base is Marian's and OPUS-MT's")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--whole", action="store_true", help="also translate_batch on the raw list")
    args = parser.parse_args()
    translators.MAX_OUTPUT = TOKENS
    with tempfile.TemporaryDirectory() as name:
        compare(Path(name), args)


def compare(work: Path, args: argparse.Namespace) -> None:
    raw = captions(args.captions)
    different = sorted(set(raw), key=lambda text: (len(text), text))
    folder = model(work, different, args.shape)
    records = [Record(f"x/{n}", "x", captions=[Caption(t) for t in raw[n : n + 5]]) for n in range(0, len(raw), 5)]
    parts = [work / f"part-{n:05d}.parquet" for n in range(-(-len(records) // 2000))]
    for n, part in enumerate(parts):
        write_part(part, records[2000 * n : 2000 * n + 2000])
    engine = translators.load(folder, threads=args.threads)
    bare(engine, different[:200], args.beam)
    quality.detector()
    translators.load = lambda *_, **__: engine  # both sides have their model in memory

    clocks: dict[str, list[float]] = {"bare": [], "stage": []}
    spent: dict[str, list[float]] = {"bare": [], "stage": []}
    for turn in range(args.rounds):
        out = work / f"c{turn}"
        for side, job in (
            ("bare", lambda: bare(engine, different, args.beam)),
            ("stage", lambda out=out: stage(out, parts, folder, args.beam, args.threads)),
        ):
            clock, processor, found = timed(job)
            clocks[side].append(clock)
            spent[side].append(processor)
            if side == "bare":
                wanted = dict(zip(different, found, strict=True))
        with _memory.opened(out / translate.MEMORY, found["model"]) as memory:
            said = {source: entry.text for source, entry in memory.get("fr", different).items()}
        same = sum(said[source] == text for source, text in wanted.items())
        print(f"round {turn}: {same:,} of {len(different):,} translations are the same")
    shape = f"{len(raw):,} captions, {len(different):,} different, beam {args.beam}, {args.threads} threads"
    print(f"{shape}, ctranslate2 {ctranslate2.__version__}")
    for what, seconds in (("clock", clocks), ("processor", spent)):
        one, two = min(seconds["bare"]), min(seconds["stage"])
        print(
            f"{what:>9}: bare {one:.2f} s ({len(different) / one:,.0f}/s), stage {two:.2f} s"
            f" ({len(different) / two:,.0f}/s): {one / two:.1%} of the bare rate"
        )
    if args.whole:
        whole(engine, raw, records, parts, work, folder, args)


def whole(
    engine: translators.Engine,
    raw: list[str],
    records: list[Record],
    parts: list[Path],
    work: Path,
    folder: Path,
    args: argparse.Namespace,
) -> None:
    """The stage from parts to records with translations, against the engine on the raw list."""

    def both() -> list[Any]:
        state = stage(work / "whole", parts, folder, args.beam, args.threads)
        out = work / "whole/01-translate"
        return list(translate.run(records, out=out, langs=["fr"], state=state))

    clock, processor, _ = timed(both)
    raw_clock, raw_processor, _ = timed(lambda: bare(engine, raw, args.beam))
    repeated = 1 - len(set(raw)) / len(raw)
    saved, saved_processor = 1 - clock / raw_clock, 1 - processor / raw_processor
    print(f"raw list: translate_batch {raw_clock:.1f} s, stage with lookup {clock:.1f} s; {repeated:.1%} of it repeats")
    print(f"saved: {saved:.1%} on the clock, {saved_processor:.1%} of the processor")


if __name__ == "__main__":
    main()
