"""Makes bert_variants.json, what transformers computes with small BERTs of odd sizes and each activation.

    pip install torch==2.9.1 transformers==4.57.1
    python tests/golden/bert_variants.py

writes bert_variants.json beside itself. Weights and batches come from the recipe of bert.py. The weights of the last
model are multiples of 2^-7, so exact in half precision of either kind: one figure serves files of all precisions.
"""

import json
from pathlib import Path

import torch
from bert import digits, hash32, weights
from transformers import BertConfig, BertForSequenceClassification, BertModel

COMMON = {"layer_norm_eps": 1e-12, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "pad_token_id": 0}


def sizes(act, vocab, hidden, layers, heads, inner, places, types):
    return COMMON | {
        "hidden_act": act,
        "vocab_size": vocab,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "max_position_embeddings": places,
        "type_vocab_size": types,
    }


# Sizes, lengths of the sequences, bits of the weights.
VARIANTS = {
    "gelu_new": (sizes("gelu_new", 41, 20, 3, 5, 36, 19, 3), [19, 2, 11], 16),
    "relu": (sizes("relu", 13, 12, 1, 1, 7, 9, 1), [9, 1], 16),
    "silu": (sizes("silu", 99, 33, 2, 3, 65, 12, 2), [5, 12], 16),
    "half": (sizes("gelu", 31, 24, 2, 2, 17, 8, 2), [8, 3], 7),
}


def classifier(config, names, bits):
    """The same encoder with a head for three labels."""
    model = BertForSequenceClassification(BertConfig(**config, num_labels=3, attn_implementation="eager"))
    values = {"bert." + name: weights(name, shape, bits) for name, shape in names.items()}
    for name, shape in [("classifier.weight", [3, config["hidden_size"]]), ("classifier.bias", [3])]:
        values[name] = weights(name, shape, bits)
    model.load_state_dict(values, strict=True)
    return model.double().eval()


def run(config, lengths, bits):
    model = BertModel(BertConfig(**config, attn_implementation="eager"))
    names = {name: list(p.shape) for name, p in model.state_dict().items()}
    model.load_state_dict({n: weights(n, shape, bits) for n, shape in names.items()}, strict=True)
    model = model.double().eval()
    columns = max(lengths)
    ids, segments, mask = (torch.zeros(len(lengths), columns, dtype=torch.int64) for _ in range(3))
    for row, length in enumerate(lengths):
        for column in range(length):
            i = row * columns + column
            ids[row, column] = 1 + hash32("ids", i) % (config["vocab_size"] - 1)
            segments[row, column] = hash32("segments", i) % config["type_vocab_size"]
            mask[row, column] = 1
    with torch.no_grad():
        out = model(ids, attention_mask=mask, token_type_ids=segments)
        logits = classifier(config, names, bits)(ids, attention_mask=mask, token_type_ids=segments).logits
    real = mask.double().unsqueeze(2)
    return {
        "config": {"model_type": "bert"} | config,
        "lengths": lengths,
        "bits": bits,
        "tensors": names,
        "mean": digits((out.last_hidden_state * real).sum(1) / real.sum(1)),
        "hidden": digits(out.last_hidden_state[mask.bool()]),
        "pooled": digits(out.pooler_output),
        "logits": digits(logits),
    }


def main():
    golden = {name: run(*variant) for name, variant in VARIANTS.items()}
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    (Path(__file__).parent / "bert_variants.json").write_text(f"{{\n{lines}\n}}\n")


main()
