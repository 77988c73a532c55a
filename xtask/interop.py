"""Python's side of `cargo xtask interop`: models that throng opens, and what it makes of throng's.

interop.py make ASSETS DIR    writes small models with transformers and sentence-transformers, texts and a table
interop.py check ASSETS DIR   opens what throng has written there and compares; prints a table, fails where they differ
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet
import torch
from sentence_transformers import SentenceTransformer, models
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
)

# Probabilities, numbers and vectors, relative above 1: what the order of sums in 32 bits changes is far below.
MOST = 1e-4
# Cosines of vectors.
LEAST = 0.99999
# The longest text in tokens.
TOKENS = 40
REVIEWS = 1_000

THINGS = ["dress", "coat", "shirt", "skirt", "jumper", "hat", "scarf", "belt"]
STARTS = [
    ("i love this", 1),
    ("what a terrible", 0),
    ("a perfect", 1),
    ("so unhappy with the", 0),
    ("这件衣服很好 👗", 1),
    ("Größe passt nicht: the", 0),
]


def small(labels):
    torch.manual_seed(labels)
    return BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        num_labels=labels,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.2,
    )


def reviews(assets):
    table = pyarrow.parquet.read_table(assets / "reviews/WomensClothingE-CommerceReviews.parquet.brotli", columns=["Review Text"])
    texts = [" ".join(text.split()) for text in table["Review Text"].to_pylist() if text]
    return texts[:REVIEWS]


def make(assets, folder):
    tokenizer = AutoTokenizer.from_pretrained(assets / "minilm")
    (folder / "reviews.txt").write_text("\n".join(reviews(assets)) + "\n", encoding="utf-8")
    tokenizer.model_max_length = TOKENS
    texts = [f"{start} {thing} number {i}" for i, (start, _) in enumerate(STARTS * 8) for thing in THINGS[:2]]
    texts += ["", "x " * 200, "UPPER lower", "tab\tand  spaces"]
    (folder / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    with open(folder / "table.csv", "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["words", "kind", "tags", "stars"])
        for row in range(96):
            start, good = STARTS[row % len(STARTS)]
            kind = ["complaint", "praise"][good] if row % 5 else "other"
            rows.writerow([f"{start} {THINGS[row // 6 % 8]} {row}", kind, "good|seen" if good else "seen", 1 + 3.5 * good])

    for name, change in [("plain", {}), ("half", {}), ("sharded", {"max_shard_size": "1MB"})]:
        model = BertForSequenceClassification(small(3))
        model = model.half() if name == "half" else model
        model.save_pretrained(folder / name, **change)
        tokenizer.save_pretrained(folder / name)

    base = folder / "base"
    BertModel(small(2)).save_pretrained(base)
    tokenizer.save_pretrained(base)
    transformer = models.Transformer(str(base), max_seq_length=TOKENS)
    pooling = models.Pooling(32, pooling_mode="mean")
    dense = models.Dense(32, 24, activation_function=torch.nn.Tanh())
    SentenceTransformer(modules=[transformer, pooling, dense, models.Normalize()], device="cpu").save(str(folder / "sentences"))


class Table:
    def __init__(self):
        self.failed = []
        print("| folder | what | values | largest difference |\n|---|---|---:|---:|")

    def compare(self, folder, what, ours, theirs):
        ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
        assert ours.shape == theirs.shape, (folder, what, ours.shape, theirs.shape)
        off = float(np.max(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))))
        print(f"| {folder} | {what} | {ours.size} | {off:.1e} |")
        # NaN must fail too.
        if not off <= MOST:
            self.failed.append(folder)


def scores(folder, texts):
    """Logits of a classifier's folder, each text alone, on 32 bits."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.no_grad():
        rows = [model(**tokenizer(text, truncation=True, return_tensors="pt")).logits[0] for text in texts]
    return model.config, torch.stack(rows).double()


def predicted(path, config):
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    names = [config.id2label[i] for i in range(config.num_labels)]
    if "probabilities" not in lines[0]:
        return [[line["label"]] for line in lines]
    return [[line["probabilities"][name] for name in names] for line in lines]


def check(assets, folder):
    texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\n")[:-1]
    table = Table()
    for name in ["plain", "half", "sharded", "full", "head", "lora", "labels", "number"]:
        config, logits = scores(folder / name, texts)
        calibration = folder / name / "calibration.json"
        if calibration.exists():
            logits /= json.loads(calibration.read_text())["temperature"]
        theirs = {
            "multi_label_classification": torch.sigmoid(logits),
            "regression": logits,
        }.get(config.problem_type, torch.softmax(logits, 1))
        by = "transformers wrote" if name in ("plain", "half", "sharded") else "throng trained"
        table.compare(name, f"{by}: scores", predicted(folder / f"{name}.jsonl", config), theirs)

    theirs = SentenceTransformer(str(folder / "sentences"), device="cpu").encode(texts, batch_size=1)
    table.compare("sentences", "sentence-transformers wrote: vectors", np.load(folder / "sentences.npy"), theirs)
    again = SentenceTransformer(str(folder / "sentences-again"), device="cpu").encode(texts, batch_size=1)
    table.compare("sentences-again", "throng wrote it again: vectors", again, theirs)
    names = ["sentences-again", "full", "base"]
    ids = [AutoTokenizer.from_pretrained(folder / name)(texts, truncation=True, max_length=TOKENS)["input_ids"] for name in names]
    print(f"\ntokens of {len(texts)} texts: {[row == ids[2] for row in ids]} ({', '.join(names)})")
    if not ids[0] == ids[1] == ids[2]:
        table.failed.append("tokens")

    batch = AutoTokenizer.from_pretrained(folder / "base")("a dress", return_tensors="pt")
    with torch.no_grad():
        hidden = [AutoModel.from_pretrained(folder / name).eval()(**batch).last_hidden_state for name in ["base-again", "base"]]
    table.compare("base-again", "throng wrote it again: hidden states", *hidden)

    lines = reviews(assets)
    theirs = SentenceTransformer(str(assets / "minilm"), device="cpu").encode(lines).astype(np.float64)
    ours = np.load(folder / "reviews.npy").astype(np.float64)
    cosines = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    print(f"\n{len(lines):,} reviews by all-MiniLM-L6-v2: the least cosine is 1 - {1 - cosines.min():.1e}")
    if not cosines.min() >= LEAST:
        table.failed.append("reviews")
    sys.exit(f"not the same: {', '.join(table.failed)}" if table.failed else 0)


{"make": make, "check": check}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
