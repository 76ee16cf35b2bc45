"""The oracle: what LLaMA-Factory really does to a row, run offline on a CPU.

`./scripts/oracle` makes the environment that it runs in, from `requirements.txt` and `alone.txt` beside this file. By
hand, from the root of the project:

    .oracle/venv/bin/python -m tests.oracle.environment FOLDER DATASET [KEY=VALUE ...] [--full]

Rooms: `stand_ins` (what a build for CPUs lacks), `tokenizer` and `processor` (from the published vocabulary, no
checkpoint), `model` (a tiny Qwen2-VL), `oracle` (the trainer's own preprocessing and collator). To import any of them
puts the stand-ins in place, and keeps every library off the network.

Known gap: torchaudio is a stand-in, and torchvision's C++ operators are declared only. Neither touches a count.
"""

import os

os.environ.setdefault("DISABLE_VERSION_CHECK", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("LLAMAFACTORY_VERBOSITY", "ERROR")  # its log goes to stdout, where answers go

from tests.oracle.environment import stand_ins

stand_ins.put_in_place()
