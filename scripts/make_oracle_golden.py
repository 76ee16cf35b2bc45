"""Asks the real trainer about fixed corpora and keeps both, so that exactness is tested without its environment.

.venv/bin/python -m scripts.make_oracle_golden [FOLDER]       # needs ./scripts/oracle
"""

import json
import sys
import tempfile
from pathlib import Path

from tests.oracle.compare import GOLDEN, differences, oracle_answers, our_answers
from tests.oracle.corpus import make_corpus, write_corpus
from tests.oracle.thoughts import fed_as, make_thoughts, set_up

SEED, ROWS = 7, 300
ROWS_WITH_THOUGHTS = 96
TEMPLATES = ("qwen3_vl", "qwen3_vl_nothink", "qwen3_5")


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
    _thoughts(target)
    print(f"{sum(map(len, answers.values()))} rows, {len(different)} differ from ours")


def _thoughts(target: Path) -> None:
    """The rows of tests/oracle/test_thoughts.py, and what each template makes of them."""
    corpus, answers = make_thoughts(SEED, ROWS_WITH_THOUGHTS), {}
    for template in TEMPLATES:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            registry = write_corpus(corpus, folder)
            asked, settings = fed_as(template, folder)
            answers[template] = oracle_answers(corpus, folder, **asked)
            different = differences(our_answers(registry, set_up(corpus, **settings)), answers[template])
        print(f"{template}: {len(different)} rows differ from ours")
    text = json.dumps({"corpus": corpus, "answers": answers}, ensure_ascii=False, separators=(",", ":"))
    (target / "thoughts.json").write_text(text.replace('{"index":', '\n{"index":') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
