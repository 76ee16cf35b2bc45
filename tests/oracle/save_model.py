"""Runs inside the oracle's environment: writes tokenizer and processor of a model into a folder.

ORACLE_PYTHON -m tests.oracle.save_model VOCABULARY FOLDER MODEL [TOKEN]...
"""

import json
import sys
from pathlib import Path

from tests.oracle.environment.processor import make_processor
from tests.oracle.environment.tokenizer import make_tokenizer

if __name__ == "__main__":
    _, vocabulary, folder, model, *tokens = sys.argv
    tokenizer = make_tokenizer(vocabulary, tokens)
    make_processor(tokenizer, model=model).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (Path(folder) / "config.json").write_text(json.dumps({"model_type": model.replace("-", "_")}))
