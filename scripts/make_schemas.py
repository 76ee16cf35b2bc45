"""The schemas of mmvalidate.toml and of the baseline, from the models that read them (`./scripts/generate`)."""

import json
from pathlib import Path

from validator.cli.check import check
from validator.cli.config_keys import config_model
from validator.engine.gate.baseline import BaselineFile

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, str]:
    """Every generated schema by its file name."""
    models = {"mmvalidate": config_model(check), "baseline": BaselineFile}
    return {
        f"{name}.schema.json": json.dumps({"$schema": DRAFT, **_without_null(model.model_json_schema())}, indent=2)
        + "\n"
        for name, model in models.items()
    }


def _without_null(schema: object) -> object:
    """TOML has no null: what may be left out need not be null, too."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _without_null(value) for key, value in schema.items() if not (key == "default" and value is None)}
    if "anyOf" in plain:
        choices = [choice for choice in plain["anyOf"] if choice != {"type": "null"}]
        if len(choices) == 1:
            plain = {**{key: value for key, value in plain.items() if key != "anyOf"}, **choices[0]}
        else:
            plain["anyOf"] = choices
    return plain


def write(folder: Path) -> None:
    """Write every generated schema to a folder."""
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
