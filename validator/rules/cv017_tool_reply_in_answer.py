"""An answer that continues with the tool's reply.

## What it finds
Answers in which a call (`<tool_call>`) is followed by what the tool returned (`<tool_response>`), and the same in other
formats: `<function_calls>` and `<function_results>`, `[TOOL_CALLS]` and `[TOOL_RESULTS]`, `Action:` and `Observation:`
at the start of a line, Qwen-Agent's and DeepSeek's marks.

## Why it matters
All of an answer is learned. The model learns to write the reply itself instead of waiting for the tool: it invents
measurements, search results and file contents. There is no message.

## Example
```json
{"role": "assistant", "content": "<tool_call>{...}</tool_call>\\n<tool_response>41.2</tool_response>\\nAbout 41."}
```

## What to do
Split the answer: the call as a turn of the function role (`function_tag`), the reply as an observation turn
(`observation_tag`), which is not learned, and the answer after it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.rules.base import Case, Hit, row_rule
from validator.rules.scope import every
from validator.rules.wording import the_turn


@row_rule("CV017", "tool-reply-in-answer", "warning", needs="traits", trainers=every)
def check(case: Case) -> Iterator[Hit]:
    """Report each answer that holds a reply after a call."""
    for turn in case.facts.turns:
        if "tool-reply" in turn.traits:
            yield Hit(
                f"{the_turn(turn)} contains a tool's reply after a call: the model learns to invent replies",
                "Make the call a function turn and the reply an observation turn, which is not learned.",
                turn=turn.index,
            )


RULE = check
