"""Shared code asks trainers/base.py and knows no names: what names a trainer outside its room says why here."""

import ast
import re
from pathlib import Path

from validator.catalog.entry import OWN
from validator.trainers.registry import NAMES, TAKES_DATA, WHOSE, trainers

PACKAGE = Path(__file__).resolve().parents[2] / "validator"
ROOMS = ("trainers", "rules", "cli")
"""Where trainers are named: their own rooms; rules, whose words are about them; commands, whose help is."""
NAME = re.compile(r"swift|llama.?factory|qwen.?vl.?utils|(?<!vs )\bhf\b(?!://)|\btrl\b", re.IGNORECASE)
"""hf:// is the hub's storage, and `ds ... vs hf ...` are words that transformers' check of DeepSpeed prints."""
ALLOWED = {
    "catalog/entry.py": "formattings are words of dataset_info.json, and one of them is ms-swift",
    "catalog/registry.py": "the keys by which a list of ms-swift's is known",
    "catalog/foreign.py": "recognises the files of other tools, and says whose they are",
    "catalog/remote_rows.py": "the command of the hub, hf",
    "catalog/recognise/texts.py": "a column that is an entry of such a file",
    "catalog/recognise/guess.py": "the words of init: what which trainer makes of rows, beside the code that sees it",
    "catalog/recognise/proposal.py": "the words of init",
    "catalog/recognise/sampling.py": "the words of init",
    "report/tokenized.py": "says which release the rows were compared with",
    "tokenizing/comparing.py": "asks LLaMA-Factory itself",
    "catalog/trl_file.py": "reads what TRL's training files name",
    "training/of_others.py": "answers training files of others where LLaMA-Factory's alone are read",
    "training/refusals.py": "the table of what releases of LLaMA-Factory's own parser refuse",
}


def named(tree: ast.Module) -> list[str]:
    """Names of trainers in code and in texts that users see: not in docstrings and comments, which give sources."""
    documents = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = [
        text
        for node in ast.walk(tree)
        for text in (
            node.value if isinstance(node, ast.Constant) and node not in documents else None,
            *(getattr(node, field, None) for field in ("id", "attr", "module")),
            getattr(node, "name", None) if isinstance(node, ast.alias) else None,
        )
    ]
    return [text for text in texts if isinstance(text, str) and NAME.search(text)]


def test_trainers_are_named_in_their_rooms():
    paths = (path.relative_to(PACKAGE) for path in sorted(PACKAGE.rglob("*.py")))
    others = [path for path in paths if path.parts[0] not in ROOMS]
    found = [path.as_posix() for path in others if named(ast.parse((PACKAGE / path).read_bytes()))]
    assert set(found) == ALLOWED.keys()


def test_a_name_is_found_where_code_has_it_and_not_in_documents():
    source = '"""Source: ms-swift."""\nimport qwen_vl_utils\nx: str = f"of {y} LLaMA-Factory"  # hf\n"""As TRL."""\n'
    assert sorted(named(ast.parse(source))) == [" LLaMA-Factory", "qwen_vl_utils"]


def test_what_help_says_of_trainers_is_what_they_say():
    for family in {trainer.family for trainer in trainers().values()}:
        releases = [name.removeprefix(family) for name in trainers() if name.startswith(f"{family}@")]
        assert family + (f" (also {releases[0]} to {releases[-1]})" if releases else "") in NAMES
    for setting, whose in WHOSE.items():
        owners = {trainer.family for trainer in trainers().values() if setting in trainer.options}
        assert owners == {whose.removesuffix("'s").lower().replace("llama-", "llama")}, setting
    own = [name for name, trainer in trainers().items() if OWN in trainer.formattings]
    assert f"{', '.join(own[:-1])} or {own[-1]}" == TAKES_DATA
