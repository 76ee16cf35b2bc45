"""Reads a training file as `llamafactory-cli train` does, through OmegaConf's YAML: `1e-4` is a number, a date is
text, a key that stands twice is an error. `${...}` is left as it is, as the trainer leaves it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from validator.findings import clip

MOST_BYTES = 1 << 20
"""A training file has a hundred lines; what is much larger is something else."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with OmegaConf's idea of numbers, dates and repeated keys."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a key that stands twice."""
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"found duplicate key {key.value}", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(_\d+)*(\.[\d_]*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """The keys and values of a YAML or JSON file. Raises ValueError with a sentence; `what` says what it should be."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"The {what} {path} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"{path} is no {what}: it has more than a MiB.")
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text) if path.suffix == ".json" else yaml.load(text, _Loader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ValueError(f"The {what} {path} cannot be parsed: {clip(str(error), 300)}") from None
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{path} is no {what}: it holds no keys with values.")
    return value
