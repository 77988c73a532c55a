"""The texts of `throng embed` by sentence-transformers, for docs/fine-tuning.md.

pip install torch==2.9.1 transformers==4.57.1 sentence-transformers==5.1.2
embed_peer.py MODEL TABLE.csv COLUMN TOKENS   prints seconds, two threads
"""

import csv
import json
import sys
import time

import torch
from sentence_transformers import SentenceTransformer

folder, table, column, tokens = sys.argv[1:]
torch.set_num_threads(2)
model = SentenceTransformer(folder, device="cpu")
model.max_seq_length = int(tokens)
with open(table, newline="") as file:
    texts = [row[column] for row in csv.DictReader(file)]
model.encode(texts[:64])
start, cpu = time.perf_counter(), time.process_time()
model.encode(texts, batch_size=32)
print(json.dumps({"n": len(texts), "seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}))
