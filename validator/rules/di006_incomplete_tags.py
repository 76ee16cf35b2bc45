"""A `tags` block leaves out a tag, and rows are dropped or crash because of it.

## What it finds
Rows whose system, observation or function messages the trainer does not recognise because a `tags` block is present and
does not list that tag. Once `tags` is given, what it leaves out is None, not the default.

## Why it matters
A leading system message is then an "invalid role tag" and the row is removed with a line in the log of rank 0, nothing
more. LLaMA-Factory's own mllm_demo entry lists four of the seven tags.

## Example
```json
"tags": {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
```
with rows that begin with `{"role": "system", ...}`.

## What to do
Add the missing tag, for example `"system_tag": "system"`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from validator.catalog.entry import TAG_DEFAULTS
from validator.findings import count
from validator.rules.base import Case, CorpusCheck, EntryFacts, Hit, corpus_rule
from validator.rules.wording import role_at

_ALIASES = {
    "system_tag": ("system",),
    "observation_tag": ("observation", "tool"),
    "function_tag": ("function_call", "function", "tool_call"),
}


def fold(roles: Counter[str], case: Case) -> None:
    """Count the roles over which rows were dropped."""
    for problem in case.facts.problems:
        if problem.kind == "role-order" and problem.turn is not None:
            word = role_at(case.facts, problem.turn)
            if any(word in names for names in _ALIASES.values()):
                roles[word] += 1


def finish(roles: Counter[str], entry: EntryFacts) -> Iterator[Hit]:
    """Blame the tags that the entry leaves out."""
    if entry.entry is None or not entry.entry.tags_given:
        return
    for tag, names in _ALIASES.items():
        rows = sum(roles[name] for name in names)
        if entry.entry.tags[tag] is None and rows:
            yield Hit(
                f"`tags` leaves out `{tag}`: the trainer drops {count(rows, 'row')} with {names[0]} messages",
                f'Add "{tag}": "{TAG_DEFAULTS[tag]}" (or the word your rows use) to `tags`.',
                evidence={"rows": rows},
                explains={"CV001": {"role": names}, "DI009": {"rows": (rows,)}},
            )


RULE = corpus_rule(
    "DI006",
    "incomplete-tags",
    "error",
    CorpusCheck(
        finish,
        Counter,
        fold,
        lambda left, right: left + right,
        Counter[str],
        needs="problems",
        names_causes=True,
    ),
)
