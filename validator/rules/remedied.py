"""What the remedies that were tried on a replayed sample did, as a part of its finding's help."""

from __future__ import annotations

from validator.facts.replayed import LOUDER, Replayed


def advice(sample: Replayed) -> str:
    """The cheapest change that helped this sample, what makes it louder, and where it breaks on one model alone."""
    tried = [remedy for remedy in sample.remedies if remedy.verdict is not None]
    text = ""
    if sample.remedy is not None:
        text += f" The cheapest change that helps this row, of {len(tried)} tried: {sample.remedy}."
    elif tried:
        text += f" None of the changes tried on this row helps ({len(tried)})."
    if louder := [remedy.name for remedy in tried if remedy.pull is not None and remedy.pull > LOUDER]:
        text += f" It gets more weight with: {', '.join(louder)}."
    if sample.drifts:
        strong = "destabilises training" if sample.drifts[0].destabilises else "has no more effect than a healthy row"
        text += f" After a few steps on it: loss on other rows {sample.drifts[0]}; it {strong}."
    if sample.difference is not None:
        text += f" On the reference model it is {sample.reference_verdict}; what differs: {sample.difference}."
    return text
