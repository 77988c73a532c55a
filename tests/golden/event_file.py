"""Makes event_file.json, an event file as TensorBoard's own code writes it.

    pip install tensorboard==2.21.0
    python tests/golden/event_file.py

writes event_file.json beside itself.
"""

import io
import json
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

START = 1_700_000_000.25
# Step, seconds since the start, values; 0 is written too.
EVENTS = [
    (1, 0.5, [("train/loss", 0.693147), ("train/grad_norm", 1.5), ("train/learning_rate", 0.0)]),
    (2, 0.75, [("train/learning_rate", 1e-3)]),
    (2, 1.0, [("eval/loss", 0.7), ("eval/roc_auc_score", 0.8059)]),
    (123_456_789_012, 1e6, [("train/loss", -1e-30)]),
]


def main():
    file = io.BytesIO()
    writer = RecordWriter(file)
    writer.write(Event(wall_time=START, file_version="brain.Event:2").SerializeToString())
    for step, seconds, values in EVENTS:
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in values]
        event = Event(wall_time=START + seconds, step=step, summary=Summary(value=values))
        writer.write(event.SerializeToString())
    golden = {
        "wall_time": START,
        "events": [
            {"step": step, "wall_time": START + seconds, "values": values} for step, seconds, values in EVENTS
        ],
        "file": file.getvalue().hex(),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items())
    (Path(__file__).parent / "event_file.json").write_text(f"{{\n{lines}\n}}\n")


main()
