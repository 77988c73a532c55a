"""Makes sentence_encoder.json, a folder that sentence-transformers saves and what it gives for some texts.

    pip install torch==2.9.1 transformers==4.57.1 sentence-transformers==5.1.2
    python tests/golden/sentence_encoder.py

writes sentence_encoder.json beside itself. Weights come from the recipe of bert.py. The encoder has two poolings and a
Dense module, so that every file of such a folder is there; the second one takes the model's own pooler, as the Dense
module of the first token's vectors that it is; the third one has a tokenizer that keeps capitals, a Transformer module that
does not, and a default prompt.
"""

import json
import tempfile
from pathlib import Path

import sentence_transformers
import torch
from bert import digits, weights
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Dense, Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

assert sentence_transformers.__version__ == "5.1.2", sentence_transformers.__version__

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] a red blue dress shirt the customer bought and ##s ##ed return . , 红 裙".split()
TEXTS = [
    "a red dress",
    "The customer bought a blue shirt, and returned the dresses.",
    "红裙",
    "",
    "a a a a a a a a a a a a a a a a a a a a a a a a",
]
MOST = 12
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 20,
    "num_hidden_layers": 2,
    "num_attention_heads": 5,
    "intermediate_size": 36,
    "max_position_embeddings": 19,
}
NARROW = 8


def transformer(folder, keeps_case=False):
    bert = BertModel(BertConfig(**SIZES))
    names = {name: list(p.shape) for name, p in bert.state_dict().items()}
    bert.load_state_dict({name: weights(name, shape) for name, shape in names.items()}, strict=True)
    bert.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    BertTokenizerFast(str(folder / "vocab.txt"), do_lower_case=not keeps_case).save_pretrained(folder)
    return Transformer(str(folder), max_seq_length=MOST, do_lower_case=keeps_case), bert, names


def dense(width, weight, bias):
    module = Dense(width, len(bias), activation_function=torch.nn.Tanh())
    with torch.no_grad():
        module.linear.weight.copy_(weight)
        module.linear.bias.copy_(bias)
    return module


def saved(modules, **prompts):
    """The files of a saved folder, and the vectors of the texts."""
    model = SentenceTransformer(modules=modules, device="cpu", **prompts)
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder, create_model_card=False)
        files = {str(path.relative_to(folder)): path for path in sorted(Path(folder).rglob("*.json"))}
        tokens = ("tokenizer", "special_tokens", "vocab")
        files = {name: json.loads(path.read_text()) for name, path in files.items() if not name.startswith(tokens)}
    # Versions of Python's packages.
    del files["config_sentence_transformers.json"]["__version__"]
    return {"files": files, "vectors": digits(torch.tensor(model.encode(TEXTS)))}


def main():
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other:
        first, bert, names = transformer(Path(folder))
        cased, _, _ = transformer(Path(other), keeps_case=True)
        width = SIZES["hidden_size"]
        narrow = dense(2 * width, weights("dense.weight", (NARROW, 2 * width)), weights("dense.bias", (NARROW,)))
        poolings = Pooling(width, pooling_mode_cls_token=True, pooling_mode_mean_tokens=True)
        pooler = dense(width, bert.pooler.dense.weight, bert.pooler.dense.bias)
        golden = {
            "vocabulary": VOCABULARY,
            "texts": TEXTS,
            "tensors": names,
            "narrow": saved([first, poolings, narrow, Normalize()]),
            "pooler": saved([first, Pooling(width, pooling_mode="cls"), pooler]),
            "prompted": saved(
                [cased, Pooling(width, pooling_mode="mean"), pooler],
                prompts={"shop": "The Customer bought "},
                default_prompt_name="shop",
            ),
        }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    (Path(__file__).parent / "sentence_encoder.json").write_text(f"{{\n{lines}\n}}\n")


main()
