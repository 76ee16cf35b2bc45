"""Every regular expression of the package takes time in proportion to the text, also for text made to repeat its parts.

A module's patterns are found by walking the package, so that one that is added later is tested too.
"""

import importlib
import pkgutil
import re
import time
from pathlib import Path

import pytest

import validator
from tests.tiers import many

try:
    from re import _constants as codes
    from re import _parser as parser
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as parser

NOT_DATA = ("validator.cli", "validator.replaying.step")
"""Patterns over the words of the command line alone; a module that needs torch."""
SIZES = (2_000, 8_000, many(24_000, 64_000))
MOST_SECONDS = 0.3
"""Of processor time for one text: linear patterns take a few hundredths, quadratic ones several seconds."""
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


def patterns():
    found = {}
    for module in pkgutil.walk_packages(validator.__path__, "validator."):
        if module.name.startswith(NOT_DATA):
            continue
        try:
            attributes = vars(importlib.import_module(module.name))
        except ImportError:  # an extra that is not installed
            continue
        for name, value in attributes.items():
            if isinstance(value, re.Pattern):
                found.setdefault((value.pattern, value.flags), f"{module.name}.{name}")
    return {name: re.compile(*key) for key, name in found.items()}


def example(tokens, groups):
    """A short text that some parts of a parsed pattern match."""
    return "".join(one(code, value, groups) for code, value in tokens)


def one(code, value, groups):
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if code is codes.ANY:
        return "a"
    if code is codes.IN:
        return of_set(value)
    if code is codes.BRANCH:
        return example(value[1][0], groups)
    if code is codes.SUBPATTERN:
        groups[value[0]] = example(value[-1], groups)
        return groups[value[0]]
    if code in REPEATS:
        return example(value[2], groups) * max(value[0], 1)
    if code is codes.GROUPREF:
        return groups.get(value, "")
    return ""


def of_set(items):
    if items[0][0] is codes.NEGATE:
        taken = re.compile("[" + "".join(map(re.escape, map(chr, range(32, 127)))) + "]")
        refused = {chr(value) for code, value in items[1:] if code is codes.LITERAL}
        return next(char for char in "a b(" if char not in refused and taken.match(char))
    code, value = items[0]
    if code is codes.RANGE:
        return chr(value[0])
    if code is codes.CATEGORY:
        return {codes.CATEGORY_SPACE: " ", codes.CATEGORY_DIGIT: "1"}.get(value, "a")
    return chr(value)


def pumped(tokens, before=""):
    """For each repeat anywhere in a pattern: an example of what stands before it, and of what it repeats. And for each
    place in it: nothing, and an example of all before.
    """
    groups = {}
    for code, value in tokens:
        if code in REPEATS:
            yield before, example(value[2], groups)
            yield from pumped(value[2], before)
        elif code is codes.SUBPATTERN:
            yield from pumped(value[-1], before)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from pumped(branch, before)
        before += one(code, value, groups)
        yield "", before


def texts(pattern):
    source = pattern.pattern
    is_bytes = isinstance(source, bytes)
    seen = dict.fromkeys(pumped(parser.parse(source.decode("latin-1") if is_bytes else source, pattern.flags & ~re.U)))
    for before, element in seen:
        first = before[:1] or element[:1]  # what any character stands for may begin the pattern anew
        again = element.replace("a", first) if not first.isalnum() else element
        for repeated, tail in dict.fromkeys((part, tail) for part in (element, again) for tail in ("", "\0") if part):

            def make(size, before=before, element=repeated, tail=tail):
                text = before + element * (size // len(element)) + tail
                return text.encode("latin-1", "replace") if is_bytes else text

            yield make


PATTERNS = patterns()


@pytest.mark.larger
@pytest.mark.parametrize("name", PATTERNS)
def test_linear(name):
    assert slowest(PATTERNS[name]) is None


def slowest(pattern):
    """The first text that takes too long, as (size, its beginning); None where none does."""
    for make in texts(pattern):
        for size in SIZES:
            text = make(size)
            began = time.process_time()
            for _ in pattern.finditer(text):
                pass
            pattern.match(text)
            pattern.fullmatch(text)
            if time.process_time() - began > MOST_SECONDS:
                return size, text[:60]
    return None


@pytest.mark.parametrize(
    "pattern",
    [r"<img>(.+?)</img>", r"(a|a)*b", r"click\(\s*[\[(]?\s*\d", rb'"[^"\\]*(?:\\.[^"\\]*)*"'],
)
def test_what_grows_faster_is_found(pattern):
    sizes = (18, 22) if pattern == r"(a|a)*b" else SIZES
    assert any(_too_slow(re.compile(pattern), make, sizes) for make in texts(re.compile(pattern)))


def _too_slow(pattern, make, sizes):
    for size in sizes:
        began = time.process_time()
        for _ in pattern.finditer(make(size)):
            pass
        if time.process_time() - began > MOST_SECONDS:
            return True
    return False


def test_patterns_are_constants_of_modules():
    """One that is made where it is used would not be found above."""
    inline = re.compile(r"\bre\.(search|match|fullmatch|sub|subn|split|findall|finditer)\(")
    found = []
    for module in pkgutil.walk_packages(validator.__path__, "validator."):
        path = importlib.util.find_spec(module.name).origin
        if not module.name.startswith(NOT_DATA) and inline.search(Path(path).read_text(encoding="utf-8")):
            found.append(module.name)
    assert found == []
