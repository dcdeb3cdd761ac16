"""Images a second of `score` beside a plain open_clip loop, same model, same images, same threads.

    python tests/bench/bench_score.py [--model ViT-B-32] [--images 256] [--size 640] [--batch 32] [--device cpu]

Weights are random (nothing is downloaded): the work is the same. The plain loop opens, prepares and encodes batch after
batch in one thread; ours prepares in threads while the model works. The vectors must agree first.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from rsdata.record import Record


def weights(folder: Path, model: str) -> tuple[str, str]:
    """A config file and random weights of a model that open_clip knows."""
    import open_clip
    import torch

    torch.manual_seed(0)
    made = open_clip.create_model(model)
    (folder / "model.json").write_text(json.dumps(open_clip.get_model_config(model)))
    torch.save(made.state_dict(), folder / "model.pt")
    return str(folder / "model.json"), str(folder / "model.pt")


def plain(files: list[Path], config: str, state: str, batch: int, device: str) -> tuple[np.ndarray, float]:
    """open_clip as its README shows it, over batches."""
    import open_clip
    import torch

    open_clip.add_model_config(config)
    model, _, preprocess = open_clip.create_model_and_transforms("model", pretrained=state, device=device)
    model.eval()
    found = []
    began = time.perf_counter()
    with torch.no_grad():
        for first in range(0, len(files), batch):
            tensors = [preprocess(Image.open(file)) for file in files[first : first + batch]]
            vectors = model.encode_image(torch.stack(tensors).to(device))
            found.append((vectors / vectors.norm(dim=-1, keepdim=True)).cpu().numpy())
    return np.concatenate(found), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="ViT-B-32")
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--size", type=int, default=640)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    from rsdata.services import clip
    from rsdata.stages import _features

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config, state = weights(folder, args.model)
        rng = np.random.default_rng(0)
        files = [folder / f"{n:05d}.jpg" for n in range(args.images)]
        for file in files:
            small = Image.fromarray(rng.integers(0, 256, (40, 40, 3), np.uint8))
            small.resize((args.size, args.size), Image.Resampling.BICUBIC).save(file, quality=90)
        records = [Record(f.stem, "s", path=f.name, width=args.size, height=args.size) for f in files]
        scorer = clip.load(config, state, device=args.device)
        _features.encode(records[: args.batch], {"s": folder}, scorer, args.batch)  # warm
        theirs, slow = plain(files, config, state, args.batch, args.device)
        began = time.perf_counter()
        ours = _features.encode(records, {"s": folder}, scorer, args.batch)
        fast = time.perf_counter() - began
        apart = float(np.abs(ours.vectors - theirs).max())
        assert apart < 1e-4, apart
        print(f"{args.model}, {args.images} JPEGs of {args.size} px, {args.device}, {os.cpu_count()} cores")
        print(f"vectors agree to {apart:.1e}")
        print(f"plain open_clip loop {len(files) / slow:.1f} images/s; score {len(files) / fast:.1f} images/s:"
              f" {slow / fast:.2f}x")  # fmt: skip


if __name__ == "__main__":
    main()
