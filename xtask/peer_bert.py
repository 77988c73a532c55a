"""The peers' side of `cargo xtask bench --bert`: prints one JSON object.

peer_bert.py data REVIEWS TEXTS.json    writes 2,000 review texts
peer_bert.py embed MODEL TEXTS.json     times their vectors by sentence-transformers
peer_bert.py full MODEL TEXTS.json      times the steps of fine-tuning by transformers
The last two tell what is held beside the model.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

TEXTS = 2_000
TOKENS, SHORT = 128, 64
BATCH, STEPS, FIRST = 16, 20, 4


def status(field):
    """A field of this process in /proc, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def forget_peak():
    """Forgets the peak so far, and returns what is held."""
    Path("/proc/self/clear_refs").write_text("5")
    return status("VmRSS")


def data(reviews, path):
    import pyarrow.parquet as parquet

    table = parquet.read_table(reviews, columns=["Review Text"]).to_pydict()
    texts = {text for text in table["Review Text"] if text and text.strip()}
    texts = sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())
    Path(path).write_text(json.dumps(texts[:TEXTS]))
    return {}


def embed(model, texts):
    import numpy as np
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model, device="cpu")
    model.max_seq_length = TOKENS
    before = forget_peak()
    model.encode(texts[:64])
    start = time.perf_counter()
    vectors = model.encode(texts, batch_size=32)
    seconds = time.perf_counter() - start
    bytes = status("VmHWM") - before
    return {"seconds": seconds, "value": float(np.abs(vectors).mean(dtype=np.float64)), "bytes": bytes}


def full(model, texts):
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    tokenizer = AutoTokenizer.from_pretrained(model)
    model = BertForSequenceClassification.from_pretrained(model, num_labels=2)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)
    model.train()
    before = forget_peak()
    ended = []
    for step in range(STEPS):
        batch = texts[step * BATCH : (step + 1) * BATCH]
        batch = tokenizer(batch, truncation=True, max_length=SHORT, padding=True, return_tensors="pt")
        loss = model(**batch, labels=torch.arange(BATCH) % 2).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        ended.append(time.perf_counter())
    seconds = (ended[-1] - ended[FIRST - 1]) / (STEPS - FIRST)
    return {"seconds": seconds, "value": loss.item(), "bytes": status("VmHWM") - before}


def main():
    task, folder, path = sys.argv[1:]
    if task == "data":
        return data(folder, path)
    import torch

    torch.set_num_threads(2)
    return {"embed": embed, "full": full}[task](folder, json.loads(Path(path).read_text()))


print(json.dumps(main()))
