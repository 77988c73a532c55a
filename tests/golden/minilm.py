"""Makes minilm.json, what sentence-transformers and tokenizers give for real review texts with all-MiniLM-L6-v2.

    pip install torch==2.9.1 transformers==4.57.1 sentence-transformers==5.1.2 pyarrow
    cargo xtask assets
    python tests/golden/minilm.py

writes minilm.json beside itself. Model and texts are those of assets/; vectors that are too many to keep whole are
kept as 16 sums with signs of the integer recipe, which crates/throng-bert/tests/bert/minilm.rs repeats.
"""

import base64
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import sentence_transformers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Pooling, Transformer
from transformers import AutoTokenizer

assert sentence_transformers.__version__ == "5.1.2", sentence_transformers.__version__
torch.set_num_threads(2)

ROOT = Path(__file__).resolve().parents[2]
MODEL = str(ROOT / "assets/minilm")
REVIEWS = ROOT / "assets/reviews/WomensClothingE-CommerceReviews.parquet.brotli"
SENTENCE = "the customer added a red dress to the cart and paid"
SUMS = 16
WIDTH = 384
# Where to draw characters from: ASCII, Latin with accents, combining marks, Greek, Chinese, emoji, control characters,
# full-width forms, spaces of all kinds, Hangul, punctuation.
RANGES = [
    (0x20, 0x7F), (0xC0, 0x17F), (0x300, 0x330), (0x391, 0x3C9), (0x4E00, 0x4F00), (0x1F600, 0x1F640),
    (0x00, 0x20), (0xFF01, 0xFF5E), (0x2000, 0x2010), (0xAC00, 0xAC40), (0x2010, 0x2040), (0x7F, 0xA1),
]
STRINGS = 10_000
BLOCK = 10


def hash32(name, i):
    """FNV-1a (Fowler, Noll and Vo) of a name, then MurmurHash3's last step (Appleby) on it and a counter."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    h = h + i * 0x9E3779B9 & 0xFFFFFFFF
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def drawn(i):
    """String i of the recipe: up to 40 characters, most from one range, and special tokens now and then."""
    length = hash32("length", i) % 41
    home = RANGES[hash32("home", i) % len(RANGES)]
    text = ""
    for j in range(length):
        at = i * 64 + j
        draw = hash32("kind", at) % 16
        if draw == 0:
            text += " "
        elif draw == 1:
            text += ["[SEP]", "[MASK]", "[CLS]", "[PAD]", "[UNK]", "##s"][hash32("special", at) % 6]
        else:
            first, end = home if draw < 10 else RANGES[hash32("range", at) % len(RANGES)]
            text += chr(first + hash32("char", at) % (end - first))
    return text


def strings(reviews):
    """10,000 strings: every second one a review or the beginning of one, the rest drawn."""
    return [
        drawn(i) if i % 2 else reviews[i // 2 % len(reviews)][: 1 + hash32("cut", i) % 400] for i in range(STRINGS)
    ]


def signs():
    return np.array(
        [[1.0 if hash32("sign", j * WIDTH + i) & 1 else -1.0 for i in range(WIDTH)] for j in range(SUMS)]
    )


def packed(array, dtype):
    return base64.b64encode(np.ascontiguousarray(array, dtype).tobytes()).decode()


def pooled(texts, mode):
    transformer = Transformer(MODEL, max_seq_length=256)
    model = SentenceTransformer(modules=[transformer, Pooling(WIDTH, pooling_mode=mode)], device="cpu")
    return model.encode(texts).astype(np.float64)


def pooler(texts):
    """The model's own pooler, which sentence-transformers has no module for."""
    transformer = Transformer(MODEL, max_seq_length=256)
    with torch.no_grad():
        out = [transformer.auto_model(**transformer.tokenize([text])).pooler_output for text in texts]
    return torch.cat(out).double().numpy()


def dense(texts):
    """Mean pooling and a Dense module 384 -> 16 by tanh, whose weights are of the recipe."""
    transformer = Transformer(MODEL, max_seq_length=256)
    module = Dense(WIDTH, SUMS, activation_function=torch.nn.Tanh())
    weight = [((hash32("dense", i) >> 16) - 32768) / 65536 for i in range(SUMS * WIDTH)]
    bias = [((hash32("bias", i) >> 16) - 32768) / 65536 for i in range(SUMS)]
    with torch.no_grad():
        module.linear.weight.copy_(torch.tensor(weight).reshape(SUMS, WIDTH))
        module.linear.bias.copy_(torch.tensor(bias))
    model = SentenceTransformer(modules=[transformer, Pooling(WIDTH, pooling_mode="mean"), module], device="cpu")
    return model.encode(texts)


def main():
    column = pyarrow.parquet.read_table(REVIEWS, columns=["Review Text"]).column(0).to_pylist()
    reviews = [text for text in column if text and text.strip()]
    texts = reviews[:1000]
    model = SentenceTransformer(MODEL, device="cpu")
    vectors = model.encode(texts, batch_size=32).astype(np.float64)
    project = lambda x: x @ signs().T  # noqa: E731

    tokenizer = AutoTokenizer.from_pretrained(MODEL, use_fast=True)
    ids = tokenizer(strings(reviews), truncation=True, max_length=64)["input_ids"]
    blocks = []
    for first in range(0, STRINGS, BLOCK):
        h = 0x811C9DC5
        for row in ids[first : first + BLOCK]:
            for word in [len(row), *row]:
                for byte in int(word).to_bytes(4, "little"):
                    h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
        blocks.append(h)

    few = texts[:8]
    modes = ["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]
    golden = {
        "sentence_transformers": sentence_transformers.__version__,
        "reviews": len(reviews),
        "sentence": [float(f"{x:.9g}") for x in model.encode([SENTENCE])[0][:5]],
        # The first 64 whole, in units of 1 / 32767.
        "whole": packed(np.rint(vectors[:64] * 32767), "<i2"),
        "sums": packed(project(vectors), "<f4"),
        "token_blocks": packed(blocks, "<u4"),
        "pooled": {mode: packed(project(pooled(few, mode)), "<f4") for mode in modes}
        | {"pooler": packed(project(pooler(few)), "<f4")},
        "dense": packed(dense(few), "<f4"),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    (Path(__file__).parent / "minilm.json").write_text(f"{{\n{lines}\n}}\n")


main()
