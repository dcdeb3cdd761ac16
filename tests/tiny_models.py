"""Folders of Hugging Face weights, made small and at random, in the files that the five families are published with."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

SENTENCES = [
    f"{count} {thing} are {place} the {where} ."
    for count in ("two", "three", "many", "some")
    for thing in ("planes", "ships", "buildings", "green trees", "cars", "storage tanks")
    for place in ("near", "beside", "in", "on")
    for where in ("river", "harbor", "airport", "road", "meadow", "residential area")
]
NLLB = ["eng_Latn", "por_Latn", "fra_Latn", "zho_Hans", "rus_Cyrl"]
M2M = ["__en__", "__pt__", "__fr__", "__zh__", "__ru__"]
MADLAD = ["<2pt>", "<2fr>", "<2zh>", "<2ru>"]


def pieces(extra: list[str] | None = None) -> bytes:
    """A SentencePiece model trained on captions; `extra` are symbols of its own."""
    import sentencepiece

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES),
        model_writer=out,
        vocab_size=160,
        hard_vocab_limit=False,
        user_defined_symbols=extra or [],
        minloglevel=2,
    )
    return out.getvalue()


def make(folder: Path, family: str) -> Path:
    """Write the folder of one family."""
    import torch
    from sentencepiece import SentencePieceProcessor

    folder.mkdir(parents=True)
    torch.manual_seed(0)
    model = pieces(MADLAD if family == "madlad" else None)
    sp = SentencePieceProcessor(model_proto=model)
    known = [sp.id_to_piece(i) for i in range(sp.get_piece_size())]
    words = [piece for piece in known if piece not in ("<s>", "</s>", "<unk>")]
    BUILDERS[family](folder, words, model)
    return folder


def _tokenizer(folder: Path, vocabulary: list[str], **special: str) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    table = {token: number for number, token in enumerate(vocabulary)}
    core = Tokenizer(WordLevel(table, unk_token=special.get("unk_token", "<unk>")))
    PreTrainedTokenizerFast(tokenizer_object=core, **special).save_pretrained(folder)


def _save(folder: Path, model: Any) -> None:
    model.eval().save_pretrained(folder)


SMALL = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 512,
}


def _marian(folder: Path, words: list[str], model: bytes) -> None:
    from transformers import MarianConfig, MarianMTModel

    vocabulary = ["</s>", "<unk>", *words, "<pad>"]
    ids = {"eos_token_id": 0, "pad_token_id": len(vocabulary) - 1, "decoder_start_token_id": len(vocabulary) - 1}
    config = MarianConfig(vocab_size=len(vocabulary), **SMALL, **ids, forced_eos_token_id=0)
    _save(folder, MarianMTModel(config))
    _tokenizer(folder, vocabulary, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")
    (folder / "source.spm").write_bytes(model)
    (folder / "target.spm").write_bytes(model)


def _m2m(folder: Path, words: list[str], model: bytes, languages: list[str]) -> None:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", *words, *languages]
    ids = {"bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    _save(folder, M2M100ForConditionalGeneration(M2M100Config(vocab_size=len(vocabulary), **SMALL, **ids)))
    _tokenizer(folder, vocabulary, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>")
    (folder / "sentencepiece.bpe.model").write_bytes(model)


def _madlad(folder: Path, words: list[str], model: bytes) -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    vocabulary = ["<unk>", "<s>", "</s>", *words, "<pad>"]
    ids = {"pad_token_id": len(vocabulary) - 1, "eos_token_id": 2, "decoder_start_token_id": len(vocabulary) - 1}
    config = T5Config(
        vocab_size=len(vocabulary),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        **ids,
    )
    _save(folder, T5ForConditionalGeneration(config))
    _tokenizer(folder, vocabulary, eos_token="</s>", unk_token="<unk>", pad_token="<pad>")
    (folder / "spiece.model").write_bytes(model)


def _tower(folder: Path, words: list[str], model: bytes) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    vocabulary = ["<unk>", "<s>", "</s>", *words, "<|im_end|>", "<|im_start|>"]
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    _save(folder, LlamaForCausalLM(config))
    _tokenizer(folder, vocabulary, bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    (folder / "tokenizer.model").write_bytes(model)


BUILDERS = {
    "marian": _marian,
    "m2m100": lambda folder, words, model: _m2m(folder, words, model, M2M),
    "nllb": lambda folder, words, model: _m2m(folder, words, model, NLLB),
    "madlad": _madlad,
    "tower": _tower,
}
