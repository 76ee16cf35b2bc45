"""Reads YAML as OmegaConf does: `1e-4` is a number, a date is text, a key that stands twice is an error. `${...}` is
left as it is, as the trainer leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from validator.json_text import refuse_unwritable

MOST_VALUES = 100_000
"""Of a YAML file with every alias (`*name`) written out, as OmegaConf does."""


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


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's own, under which `1e-4` is text, and of a key that stands twice the last counts; dates are text."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str, odd: dict[str, str] | None = None, *, plain: bool = False) -> Any:
    """The value of a YAML document, and into `odd` the texts of its odd numbers. `plain`: as PyYAML itself reads it.
    Raises ValueError.
    """
    loader: Any = None
    try:
        loader = (_PlainLoader if plain else _Loader)(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _written_out(node, {})
        value = loader.construct_document(node)
        if odd is not None:
            odd.update(_odd_numbers(node))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"{error.problem or error.context}{place}") from None
    except yaml.reader.ReaderError as error:
        raise ValueError(f"{error.reason} (character {error.position + 1})") from None
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        if isinstance(error, _TooManyError):
            raise
        # PyYAML's own, where a tag names another type (`!!int x`), or a number is too long for Python
        raise ValueError("it holds a value that is not of the type that its tag or its digits promise") from None
    finally:
        if loader is not None:
            loader.dispose()
    refuse_unwritable(value)
    return value


def _odd_numbers(node: Any) -> Iterator[tuple[str, str]]:
    """Keys whose number is octal (`010` is 8) or counted in sixties (`1:30` is 90)."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if isinstance(value, yaml.ScalarNode) and value.tag.endswith((":int", ":float")) and value.style is None:
            digits = value.value.lstrip("+-")
            octal = value.tag.endswith(":int") and digits[:1] == "0" and digits[1:2] not in ("b", "x")
            if ":" in digits or (octal and digits.strip("0_")):
                yield key.value, value.value


class _TooManyError(ValueError):
    """Aliases that stand for more than can be held."""


def _written_out(node: Any, known: dict[int, int]) -> int:
    """How many values a node holds with its aliases written out. Raises ValueError above MOST_VALUES."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    number = known.get(id(node))
    if number is None:
        known[id(node)] = MOST_VALUES  # a node that holds itself
        inner = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        number = known[id(node)] = 1 + sum(_written_out(part, known) for part in inner)
    if number > MOST_VALUES:
        raise _TooManyError(f"its aliases (`*name`) stand for more than {MOST_VALUES:,} values")
    return number
