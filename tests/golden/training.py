"""Makes training.json, the losses of PyTorch while it trains tiny classifiers.

    pip install torch==2.9.1 transformers==4.57.1
    python tests/golden/training.py

writes training.json beside itself. Weights and sequences come from the recipe of bert.py; low-rank changes are drawn by
ChaCha8 as throng-bert draws them. Figures are of float64.
"""

import json
import math
from pathlib import Path

import torch
from bert import hash32, weights
from torch import nn
from transformers import BertConfig, BertForSequenceClassification
from transformers import get_cosine_schedule_with_warmup, get_linear_schedule_with_warmup

SIZES = {
    "vocab_size": 60,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 16,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "pad_token_id": 0,
}
ROWS, COLUMNS = 80, 16
LABELS = 3
SHRINK = 0.25  # of the recipe's weights, which are large

COMMON = {"task": "classes", "steps": 50, "batch": 8, "accumulation": 1, "rate": 1e-3, "schedule": "linear", "warm_up": 0.1,
          "decay": 0.01, "norm": 1.0, "weights": None, "smoothing": 0.0, "adversarial": 0.0, "loss": "cross entropy"}
CASES = {
    "full": COMMON | {"tuning": "full", "weights": [0.5, 1.0, 2.0], "smoothing": 0.1},
    "head": COMMON | {"tuning": "head", "rate": 1e-2, "schedule": "cosine", "norm": 0.5, "decay": 1.0},
    "lora": COMMON | {"tuning": "lora", "rate": 5e-3, "decay": 0.1},
    "last": COMMON | {"tuning": "last", "schedule": "constant", "warm_up": 0.0, "loss": "squares"},
    "adversarial": COMMON | {"tuning": "full", "steps": 20, "accumulation": 2, "batch": 4, "adversarial": 0.5},
    "labels": COMMON | {"tuning": "full", "task": "labels", "steps": 20},
    "numbers": COMMON | {"tuning": "full", "task": "numbers", "steps": 20},
}


def mask32(x):
    return x & 0xFFFFFFFF


def rotated(x, n):
    return mask32(x << n | x >> 32 - n)


def seed_words(state):
    """The key that rand expands a seed to, by PCG32."""
    words = []
    for _ in range(8):
        state = (state * 6364136223846793005 + 11634580027462260723) & 0xFFFFFFFFFFFFFFFF
        x, turn = mask32((state >> 18 ^ state) >> 27), state >> 59
        words.append(mask32(x >> turn | x << (32 - turn) % 32))
    return words


def chacha8(seed):
    """Words of Bernstein's ChaCha with 8 rounds, counter and stream from 0."""
    key = seed_words(seed)
    counter = 0
    while True:
        start = [0x61707865, 0x3320646E, 0x79622D32, 0x6B206574, *key, mask32(counter), counter >> 32, 0, 0]
        x = list(start)
        for _ in range(4):
            for a, b, c, d in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                               (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]:
                for turn, (to, add, other) in zip((16, 12, 8, 7), [(a, b, d), (c, d, b), (a, b, d), (c, d, b)]):
                    x[to] = mask32(x[to] + x[add])
                    x[other] = rotated(x[other] ^ x[to], turn)
        yield from (mask32(v + s) for v, s in zip(x, start))
        counter += 1


class Adapted(nn.Module):
    """A linear map with W + (alpha / rank) A B."""

    def __init__(self, linear, words, rank=4, alpha=8.0):
        super().__init__()
        self.linear, self.scale = linear, alpha / rank
        most = 1 / math.sqrt(linear.in_features)
        values = [((next(words) >> 8) / 2**23 - 1) * most for _ in range(linear.in_features * rank)]
        self.a = nn.Parameter(torch.tensor(values, dtype=torch.float64).reshape(linear.in_features, rank))
        self.b = nn.Parameter(torch.zeros(rank, linear.out_features, dtype=torch.float64))

    def forward(self, x):
        return self.linear(x) + (x @ self.a @ self.b) * self.scale


def model_of(case):
    model = BertForSequenceClassification(BertConfig(**SIZES, num_labels=LABELS, attn_implementation="eager")).double()
    one = lambda name: 1.0 if name.endswith("LayerNorm.weight") else 0.0
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_((weights(name, p.shape) - one(name)) * SHRINK + one(name))
    head = ("bert.pooler.", "classifier.")
    trained = {"full": ("",), "head": head, "last": ("bert.encoder.layer.1.", *head), "lora": head}[case["tuning"]]
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(trained)
    if case["tuning"] == "lora":
        words = chacha8(7)
        for layer in model.bert.encoder.layer:
            attention = layer.attention.self
            attention.query = Adapted(attention.query, words)
            attention.value = Adapted(attention.value, words)
    return model


def data():
    ids, segments, mask = (torch.zeros(ROWS, COLUMNS, dtype=torch.int64) for _ in range(3))
    for row in range(ROWS):
        for column in range(1 + hash32("length", row) % COLUMNS):
            i = row * COLUMNS + column
            ids[row, column] = 1 + hash32("ids", i) % (SIZES["vocab_size"] - 1)
            segments[row, column] = hash32("segments", i) % 2
            mask[row, column] = 1
    return ids, segments, mask


def targets(task):
    if task == "classes":
        return torch.tensor([hash32("class", row) % LABELS for row in range(ROWS)])
    values = [hash32(task, i) for i in range(ROWS * LABELS)]
    values = [v % 2 if task == "labels" else v / 2**32 for v in values]
    return torch.tensor(values, dtype=torch.float64).reshape(ROWS, LABELS)


def loss_of(case, logits, truth):
    if case["task"] == "labels":
        return nn.functional.binary_cross_entropy_with_logits(logits, truth)
    if case["task"] == "numbers":
        return nn.functional.mse_loss(logits, truth)
    if case["loss"] == "squares":
        return nn.functional.mse_loss(logits.softmax(1), nn.functional.one_hot(truth, LABELS).double())
    weight = case["weights"] and torch.tensor(case["weights"], dtype=torch.float64)
    return nn.functional.cross_entropy(logits, truth, weight, label_smoothing=case["smoothing"])


def train(case):
    model, truth = model_of(case), targets(case["task"])
    inputs = data()
    trained = [p for p in model.parameters() if p.requires_grad]
    words = model.bert.embeddings.word_embeddings.weight
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in trained if p.dim() > 1], "weight_decay": case["decay"]},
            {"params": [p for p in trained if p.dim() == 1], "weight_decay": 0.0},
        ],
        lr=case["rate"],
        eps=1e-8,
    )
    warm_up = math.ceil(case["warm_up"] * case["steps"])
    schedule = {
        "linear": lambda: get_linear_schedule_with_warmup(optimiser, warm_up, case["steps"]),
        "cosine": lambda: get_cosine_schedule_with_warmup(optimiser, warm_up, case["steps"]),
        "constant": lambda: torch.optim.lr_scheduler.LambdaLR(optimiser, lambda _: 1.0),
    }[case["schedule"]]()

    def scores(rows):
        ids, segments, mask = (part[rows] for part in inputs)
        return model(ids, attention_mask=mask, token_type_ids=segments).logits

    losses, norms, at = [], [], 0
    for _ in range(case["steps"]):
        optimiser.zero_grad()
        mean = 0.0
        for _ in range(case["accumulation"]):
            rows = slice(at, at + case["batch"])
            at = (at + case["batch"]) % ROWS
            before = None if words.grad is None else words.grad.clone()
            loss = loss_of(case, scores(rows), truth[rows]) / case["accumulation"]
            loss.backward()
            mean += loss.item()
            if case["adversarial"]:
                own = words.grad if before is None else words.grad - before
                change = case["adversarial"] * own / own.norm()
                words.data += change
                (loss_of(case, scores(rows), truth[rows]) / case["accumulation"]).backward()
                words.data -= change
        norms.append(nn.utils.clip_grad_norm_(trained, case["norm"]).item())
        optimiser.step()
        schedule.step()
        losses.append(mean)
    with torch.no_grad():
        logits = scores(slice(0, ROWS))
    return case | {"losses": losses, "norms": norms, "logits": [round(v, 9) for v in logits.flatten().tolist()]}


def main():
    torch.set_num_threads(1)
    model = model_of(CASES["full"])
    golden = {
        "config": {"model_type": "bert"} | SIZES,
        "tensors": {name: list(p.shape) for name, p in model.named_parameters()},
        "cases": {name: train(case) for name, case in CASES.items()},
    }
    (Path(__file__).parent / "training.json").write_text(json.dumps(golden, indent=None) + "\n")
    for name, case in golden["cases"].items():
        print(name, case["losses"][0], case["losses"][-1], max(case["norms"]))


main()
