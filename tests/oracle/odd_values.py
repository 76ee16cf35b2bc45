"""Rows that hold values of other types than they should; equal for equal seeds."""

import random

from tests.oracle.corpus import make_corpus, make_other_formats


def make_odd_entries(seed: int, number: int) -> dict:
    """A corpus of small entries, in each of which a row or two are changed; some have no other row, so that the loader
    takes more of them. The first row is always an object with something in it: the loader sees rows then.
    """
    dice = random.Random(seed)
    entries, images = [], {}
    while len(entries) < number:
        corpus = dice.choice((make_corpus, make_other_formats))(dice.randrange(10**9), 130)
        images |= corpus["images"]
        for entry in corpus["entries"]:
            rows = entry["rows"][:6]
            places = [dice.randrange(len(rows)) for _ in range(dice.choice((1, 1, 2)))] if rows else []
            for place in places:
                rows[place] = changed(rows[place], dice)
            if dice.random() < 0.4:
                rows = [rows[place] for place in places[:1]]
            if rows and isinstance(rows[0], dict) and rows[0]:
                entries.append({**entry, "name": f"e{len(entries)}", "rows": rows})
    return {"images": images, "entries": entries}


def changed(value: object, dice: random.Random) -> object:
    """A value of JSON with one part replaced, left out, or put somewhere else."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key, action = dice.choice(list(value)), dice.random()
        if action < 0.1:
            return {name: part for name, part in value.items() if name != key}
        if action < 0.2:
            return {**value, dice.choice(KEYS): dice.choice((value[key], *ODD))}
        return {**value, key: changed(value[key], dice)}
    if isinstance(value, list) and value and dice.random() < 0.85:
        place, action = dice.randrange(len(value)), dice.random()
        if action < 0.1:
            return value[:place] + value[place + 1 :]
        if action < 0.2:
            return [*value, dice.choice((value[place], *ODD))]
        return [*value[:place], changed(value[place], dice), *value[place + 1 :]]
    if isinstance(value, str) and dice.random() < 0.3:
        place = dice.randrange(len(value) + 1)
        return value[:place] + dice.choice(WORDS) + value[place:]
    return dice.choice((*ODD, [value], {dice.choice(KEYS): value}, str(value)))


ODD = (
    *(None, True, 0, -1, 2**63, 1.5, 1e308, "", " ", "null", "<image>"),
    *([], [None], [[]], [{}], [1, "a"], {}, {"a": None}),
)
KEYS = (
    *("a", "", "id", "role", "content", "from", "value", "messages", "history", "system", "tools", "loss", "name"),
    *("type", "text", "path", "bytes", "image", "images", "videos", "objects", "bbox", "ref", "image_id", "arguments"),
)
WORDS = (
    *("<image>", "<video>", "<audio>", "<bbox>", "<ref-object>", "<|image_pad|>", "<|im_end|>", "<tool_call>", "{"),
    *("\0", "\x85", "\u2028", "e\u0301", "\U0001f600", "{{idx}}", "1e999"),
)
