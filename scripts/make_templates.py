"""Writes validator/assets/templates.json: every template of LLaMA-Factory, and the marks that it writes for media.

    .oracle/venv/bin/python -m scripts.make_templates [FILE]

Runs in the oracle's environment, where the published package lies. A medium that a template does not take is not
listed; `thinks` marks those that write empty thoughts into answers without any.
"""

import json
import sys
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "validator" / "assets" / "templates.json"


def table() -> dict:
    from llamafactory.data.template import TEMPLATES, ReasoningTemplate

    import tests.oracle.environment  # noqa: F401  stands in for what a CPU lacks

    found = {}
    for name, template in sorted(TEMPLATES.items()):
        plugin = template.mm_plugin
        marks = {kind: getattr(plugin, f"{kind}_token") for kind in ("image", "video", "audio")}
        thinks = {"thinks": True} if isinstance(template, ReasoningTemplate) else {}
        found[name] = {kind: mark for kind, mark in marks.items() if mark is not None} | thinks
    return found


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    rows = [f"{json.dumps(name)}: {json.dumps(item, ensure_ascii=False)}" for name, item in table().items()]
    target.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
