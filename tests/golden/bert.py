"""Makes bert.json, what PyTorch and transformers compute with a tiny BERT.

    pip install torch==2.9.1 transformers==4.57.1
    python tests/golden/bert.py

writes bert.json beside itself. No weight is stored: weights and batch come from the integer recipe below, which
crates/throng-bert/tests/bert/recipe.rs repeats bit for bit. Figures are of float64, nine digits after the point;
`float32_error` says how far PyTorch's own float32 lies from them.
"""

import json
from pathlib import Path

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM, BertModel

assert torch.__version__.split("+")[0] == "2.9.1", f"torch 2.9.1 is needed, this is {torch.__version__}"
assert transformers.__version__ == "4.57.1", f"transformers 4.57.1 is needed, this is {transformers.__version__}"
torch.set_num_threads(1)

SIZES = {
    "vocab_size": 50,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "pad_token_id": 0,
}
LENGTHS = [24, 7, 1]
COLUMNS = max(LENGTHS)
# Tensors of the file besides BertForMaskedLM's own, which has no pooler.
POOLER = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"]
# The tied decoder: transformers keeps a second name for the words and for the bias, files need not.
TIED = ["cls.predictions.decoder.weight", "cls.predictions.decoder.bias"]


def hash32(name, i):
    """FNV-1a (Fowler, Noll and Vo) of a name, then MurmurHash3's last step (Appleby) on it and a counter."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    h = h + i * 0x9E3779B9 & 0xFFFFFFFF
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def weights(name, shape, bits=16):
    """Multiples of 2^-bits in [-0.5, 0.5), so exact in float32; 1 more for the weights of norms. Row-major."""
    one = 65536 if name.endswith("LayerNorm.weight") else 0
    n = torch.Size(shape).numel()
    values = [(hash32(name, i) >> 32 - bits << 16 - bits) - 32768 + one for i in range(n)]
    return torch.tensor(values, dtype=torch.float64).reshape(shape) / 65536


def batch():
    """Ids, segments, attention mask and labels, [3, 24]; -100 where nothing is to be guessed."""
    ids, segments, mask, labels = (torch.zeros(len(LENGTHS), COLUMNS, dtype=torch.int64) for _ in range(4))
    labels -= 100
    for row, length in enumerate(LENGTHS):
        for column in range(length):
            i = row * COLUMNS + column
            # Never the padding token: PyTorch gives its embedding no gradient.
            ids[row, column] = 1 + hash32("ids", i) % (SIZES["vocab_size"] - 1)
            segments[row, column] = hash32("segments", i) % SIZES["type_vocab_size"]
            mask[row, column] = 1
            if hash32("hidden", i) % 2 == 0:
                labels[row, column] = hash32("labels", i) % SIZES["vocab_size"]
    return ids, segments, mask, labels


def run(dtype):
    """The figures, as tensors of `dtype`, and the names of the tensors."""
    config = BertConfig(**SIZES, attn_implementation="eager")
    masked_lm = BertForMaskedLM(config)
    bert = BertModel(config, add_pooling_layer=True)
    names = {name: list(p.shape) for name, p in masked_lm.state_dict().items()}
    names |= {f"bert.{name}": list(p.shape) for name, p in bert.state_dict().items() if name.startswith("pooler.")}
    # Drawn under the one name that a file has, whichever of the two transformers keeps.
    drawn = {name: weights(name, shape) for name, shape in names.items() if name not in TIED}
    assert set(POOLER) < set(drawn) and set(TIED) < set(names)
    aliases = {
        "cls.predictions.decoder.weight": drawn["bert.embeddings.word_embeddings.weight"],
        "cls.predictions.decoder.bias": drawn["cls.predictions.bias"],
    }
    masked_lm.load_state_dict({n: w for n, w in (drawn | aliases).items() if n not in POOLER}, strict=True)
    bert.load_state_dict({n[5:]: w for n, w in drawn.items() if n.startswith("bert.")}, strict=True)
    masked_lm.tie_weights()
    masked_lm, bert = masked_lm.to(dtype).eval(), bert.to(dtype).eval()

    ids, segments, mask, labels = batch()
    out = masked_lm(ids, attention_mask=mask, token_type_ids=segments, labels=labels, output_hidden_states=True)
    out.loss.backward()
    with torch.no_grad():
        encoded = bert(ids, attention_mask=mask, token_type_ids=segments)
    hidden, real = encoded.last_hidden_state, mask.to(dtype).unsqueeze(2)
    assert torch.equal(hidden, out.hidden_states[-1])
    places = (labels.flatten() >= 0).nonzero().flatten()
    gradients = {n: p.grad for n, p in masked_lm.named_parameters() if n not in TIED}
    assert set(gradients) | set(POOLER) == set(drawn), "a gradient is missing"
    figures = {
        "hidden": hidden[mask.bool()],
        "pooled": encoded.pooler_output,
        "mean": (hidden * real).sum(1) / real.sum(1),
        "logits": out.logits.detach().reshape(-1, SIZES["vocab_size"])[places],
        "loss": out.loss.detach(),
    }
    return figures, gradients, names, places, labels.flatten()[places]


def digits(tensor):
    """Row-major, nine digits after the point."""
    return [round(x, 9) + 0.0 for x in tensor.flatten().tolist()]


def gradient_figures(gradient):
    """Sum, Euclidean norm and eight entries spread over the tensor, in row-major order."""
    flat = gradient.flatten()
    at = sorted({i * (len(flat) - 1) // 7 for i in range(8)})
    return {
        "sum": digits(flat.sum())[0],
        "norm": digits(flat.norm())[0],
        "at": at,
        "entries": digits(flat[at]),
    }


def main():
    figures, gradients, names, places, targets = run(torch.float64)
    single, single_gradients, *_ = run(torch.float32)
    golden = {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "config": {"model_type": "bert"} | SIZES,
        "lengths": LENGTHS,
        "tensors": names,
        "tied": TIED,
        "places": places.tolist(),
        "targets": targets.tolist(),
        **{name: digits(value) for name, value in figures.items()},
        "gradients": {name: gradient_figures(gradient) for name, gradient in gradients.items()},
        "float32_error": {
            name: float(f"{(single[name].double() - value).abs().max().item():.2g}") for name, value in figures.items()
        }
        | {
            "gradients": float(
                f"{max((single_gradients[n].double() - g).abs().max().item() for n, g in gradients.items()):.2g}"
            )
        },
    }
    golden["loss"] = golden["loss"][0]
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    (Path(__file__).parent / "bert.json").write_text(f"{{\n{lines}\n}}\n")


if __name__ == "__main__":
    main()
