"""The step raises an exception.

## What it finds
Samples that pass preprocessing and then end training: the image processor, the collator, the forward or the backward
pass raises an exception, or the process dies. The message is the library's own. Rows at which preprocessing itself
stops have their own findings and are not repeated here.

## Why it matters
Training ends at that batch, hours in (`Image features and image tokens do not match`,
https://github.com/hiyouga/LLaMA-Factory/issues/5964).

## Example
A row whose image tokens are cut by the cutoff.

## What to do
Fix or remove the row. Its other findings say what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from validator.facts.replayed import Replayed
from validator.rules.base import Hit, replay_rule
from validator.rules.remedied import advice


@replay_rule("RP001", "replay-crash", "error")
def check(sample: Replayed) -> Iterator[Hit]:
    """Report samples that end the step."""
    step = sample.step
    if sample.verdict == "CRASH" and step is not None and step.stage != "preprocessing":
        yield Hit(
            f"training stops at this row: {sample.why}",
            "Fix or remove the row."
            + (f" See its {', '.join(sample.static)}." if sample.static else "")
            + advice(sample),
            evidence={"stage": step.stage, "exception": step.exception, "static": sample.static},
        )


RULE = check
