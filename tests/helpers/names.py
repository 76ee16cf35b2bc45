"""Names of cases in words, where pytest would number what they are given."""

from itertools import islice

MOST = 60
"""Characters of a value in a name."""


def name_of(value):
    """A value of a table as it stands in the name of its case; None where pytest's own name is as good."""
    if isinstance(value, (dict, list, tuple)):
        text = _words(value, 3) or "nothing"
    elif isinstance(value, bytes):
        text = value[: MOST + 1].decode("latin-1")
    else:
        text = value if isinstance(value, str) else ""
    shown = (text if len(text) <= MOST else f"{text[: MOST - 3]}...").encode("unicode_escape")  # as pytest does
    return shown.decode("ascii") or None


def _words(value, depth):
    if isinstance(value, dict) and depth:
        return ", ".join(f"{key} {_words(item, depth - 1)}".strip() for key, item in islice(value.items(), 6))
    if isinstance(value, (list, tuple)) and depth:
        return " ".join(_words(item, depth - 1) for item in value[:6])
    if isinstance(value, (str, int, float, type(None))):
        return str(value)[:MOST]
    return "..." if isinstance(value, (dict, list, tuple)) else type(value).__name__
