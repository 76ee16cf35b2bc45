"""A folder as the pages suppose it."""

import json
import shutil

from tests.conftest import ROOT


def lay_out(home):
    """Lay `sample_data` into a folder, and as `data` three of its entries, and a registry of LLaMA-Factory v1."""
    shutil.copytree(ROOT / "sample_data", home / "sample_data")
    shutil.copytree(ROOT / "sample_data", home / "data")
    entries = json.loads((home / "data" / "dataset_info.json").read_text())
    chosen = {name: entries[name] for name in ("phone_screens", "planted", "text_only")}
    (home / "data" / "dataset_info.json").write_text(json.dumps(chosen))
    chats = [{"from": "human", "value": "What is two and two?"}, {"from": "gpt", "value": "Four."}]
    (home / "data" / "chats.jsonl").write_text(json.dumps({"conversations": chats}) + "\n")
    (home / "data" / "v1.yaml").write_text("chats: {path: chats.jsonl, source: local, converter: sharegpt}\n")
