"""Asks the real trainer about one fixed corpus and keeps both, so that exactness is tested without its environment.

.venv/bin/python -m scripts.make_oracle_golden [FOLDER]       # needs ./scripts/oracle
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.oracle.compare import GOLDEN, differences, oracle_answers, our_answers
from tests.oracle.corpus import make_corpus, write_corpus

SEED, ROWS = 7, 300


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    corpus = make_corpus(SEED, ROWS)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        registry = write_corpus(corpus, folder)
        answers = oracle_answers(corpus, folder)
        answers = json.loads(json.dumps(answers).replace(f"{folder}/", ""))  # the same in any folder
        different = differences(our_answers(registry, corpus), answers)
    for name, content in (("corpus", corpus), ("answers", answers)):
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        (target / f"{name}.json").write_text(text.replace('{"index":', '\n{"index":') + "\n", encoding="utf-8")
    print(f"{sum(map(len, answers.values()))} rows, {len(different)} differ from ours")


if __name__ == "__main__":
    main()
