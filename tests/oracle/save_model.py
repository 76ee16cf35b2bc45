"""Runs inside the oracle's environment: writes tokenizer and processor of a model into a folder.

ORACLE_PYTHON -m tests.oracle.save_model VOCABULARY FOLDER
"""

import json
import sys
from pathlib import Path

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

if __name__ == "__main__":
    vocabulary, folder = sys.argv[1], Path(sys.argv[2])
    tokenizer = make_tokenizer(vocabulary)
    make_processor(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2_vl"}))
