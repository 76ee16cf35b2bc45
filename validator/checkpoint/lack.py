"""Why a checkpoint's folder has no weights, as far as what lies in it says."""

from __future__ import annotations

import os
from pathlib import Path

from validator.checkpoint.record import Lack
from validator.checkpoint.shards import ADAPTER, INDEX, PICKLES, SINGLE, held
from validator.findings import clip

_LOOKED_FOR = ", ".join((SINGLE, INDEX, ADAPTER, *PICKLES[1:]))


def lack_of(folder: Path) -> Lack:
    """What lies there instead, and what to do."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return Lack(f"it cannot be read: {error.strerror}", "Make it readable.")
    saved = [name for name in names if name.startswith("checkpoint-") and held(folder / name)]
    shards = [name for name in names if name.endswith(".safetensors")]
    if shards:
        return Lack(
            f"{clip(shards[0])} lies in it, but neither {SINGLE} nor {INDEX}, by which weights are found",
            f"Copy {INDEX} from where the checkpoint was saved.",
        )
    if saved:
        last = max(saved, key=lambda name: (len(name), name))
        return Lack(f"it holds no weights; {clip(last)} in it does", f"Name {clip(str(folder / last), 200)}.")
    if any(name == "zero_to_fp32.py" or name.startswith("global_step") for name in names):
        return Lack(
            "it holds no weights, only DeepSpeed's own state",
            "Make weights of it with the zero_to_fp32.py that DeepSpeed puts there.",
        )
    return Lack(f"it holds no weights (none of {_LOOKED_FOR})", "Copy or save the weights again.")
