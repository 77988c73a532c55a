"""The fine-tuning of `throng train` in PyTorch, for docs/fine-tuning.md.

pip install torch==2.9.1 transformers==4.57.1 pyarrow==26.0.1 scikit-learn==1.9.1

tune_peer.py data|all REVIEWS FOLDER          writes train.csv and test.csv: 4,000 texts each, or all, a fifth of them to test by
tune_peer.py head|lora|full MODEL FOLDER SEED [TOKENS]
                                              trains on them and prints the best epoch's area under the ROC curve

Both sides: at most 64 tokens or so many, batches of 16 (of like length), AdamW with decay 0.01 of matrices, warm-up over a tenth of the
steps and then a line to 0, gradients cut to norm 1; the pooler and the map to labels are trained, its dropout is 0.1. Head:
10 epochs at 1e-3 on the body's vectors, computed once. LoRA: rank 8, alpha 16, query and value, one epoch at 1e-3. Full:
every tensor, one epoch at 2e-5.
"""

import csv
import hashlib
import json
import math
import sys
import time
from pathlib import Path

SIZE, TOKENS, BATCH, TOGETHER = 4_000, 64, 16, 50


def data(kind, reviews, folder):
    import pyarrow.parquet as parquet

    table = parquet.read_table(reviews, columns=["Review Text", "Recommended IND"]).to_pydict()
    rows = {text: label for text, label in zip(*table.values()) if text and text.strip()}
    order = sorted(rows, key=lambda text: hashlib.sha256(text.encode()).digest())
    train, end = (SIZE, 2 * SIZE) if kind == "data" else (len(order) - len(order) // 5, len(order))
    for name, texts in [("train", order[:train]), ("test", order[train:end])]:
        with open(Path(folder) / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["text", "recommended"])
            writer.writerows([text, rows[text]] for text in texts)


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [int(row["recommended"]) for row in rows]


def adapt(model, rank=8, alpha=16.0):
    import torch
    from torch import nn

    class Adapted(nn.Module):
        def __init__(self, linear):
            super().__init__()
            self.linear = linear
            most = 1 / math.sqrt(linear.in_features)
            self.a = nn.Parameter(torch.empty(linear.in_features, rank).uniform_(-most, most))
            self.b = nn.Parameter(torch.zeros(rank, linear.out_features))

        def forward(self, x):
            return self.linear(x) + (x @ self.a @ self.b) * (alpha / rank)

    for layer in model.bert.encoder.layer:
        attention = layer.attention.self
        attention.query, attention.value = Adapted(attention.query), Adapted(attention.value)


def tune(kind, folder_of_model, folder, seed, tokens):
    import torch
    from sklearn.metrics import roc_auc_score
    from transformers import AutoTokenizer, BertForSequenceClassification, get_linear_schedule_with_warmup

    torch.set_num_threads(2)
    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(folder_of_model)
    model = BertForSequenceClassification.from_pretrained(folder_of_model, num_labels=2)
    sets = []
    for name in ("train", "test"):
        texts, truth = read(Path(folder) / f"{name}.csv")
        sets.append((tokenizer(texts, truncation=True, max_length=tokens)["input_ids"], torch.tensor(truth)))
    (train_ids, train_truth), (test_ids, test_truth) = sets
    size = len(train_ids)
    for name, parameter in model.named_parameters():
        parameter.requires_grad = kind == "full" or name.startswith(("bert.pooler", "classifier"))
    if kind == "lora":
        adapt(model)
    trained = [p for p in model.parameters() if p.requires_grad]
    epochs = 10 if kind == "head" else 1
    steps = epochs * math.ceil(size / BATCH)
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0},
        ],
        lr=2e-5 if kind == "full" else 1e-3,
    )
    schedule = get_linear_schedule_with_warmup(optimiser, math.ceil(0.1 * steps), steps)

    def padded(ids, rows):
        return tokenizer.pad({"input_ids": [ids[row] for row in rows]}, return_tensors="pt")

    def first(ids):
        model.eval()
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        out = torch.empty(len(ids), model.config.hidden_size)
        with torch.no_grad():
            for at in range(0, len(ids), 32):
                rows = order[at : at + 32]
                out[rows] = model.bert(**padded(ids, rows)).last_hidden_state[:, 0]
        return out

    def head(vectors):
        pooled = torch.tanh(model.bert.pooler.dense(vectors))
        return model.classifier(model.dropout(pooled))

    cached = [first(ids) for ids, _ in sets] if kind == "head" else None
    best = 0.0
    for _ in range(epochs):
        model.train()
        order = torch.randperm(size).tolist()
        batches = []
        for at in range(0, size, TOGETHER * BATCH):
            together = sorted(order[at : at + TOGETHER * BATCH], key=lambda row: -len(train_ids[row]))
            batches += [together[i : i + BATCH] for i in range(0, len(together), BATCH)]
        for place in torch.randperm(len(batches)).tolist():
            rows = batches[place]
            logits = head(cached[0][rows]) if cached else model(**padded(train_ids, rows)).logits
            loss = torch.nn.functional.cross_entropy(logits, train_truth[rows])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            schedule.step()
        model.eval()
        with torch.no_grad():
            logits = head(cached[1] if cached else first(test_ids))
        best = max(best, roc_auc_score(test_truth, logits[:, 1] - logits[:, 0]))
    return best


def main():
    kind, *arguments = sys.argv[1:]
    if kind in ("data", "all"):
        return data(kind, *arguments)
    start = time.perf_counter()
    model, folder, seed, *tokens = arguments
    auc = tune(kind, model, folder, int(seed), *map(int, tokens or [TOKENS]))
    print(json.dumps({"kind": kind, "seed": int(seed), "roc_auc_score": auc, "seconds": time.perf_counter() - start}))


main()
