"""What a replay needs before it begins."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from validator.replaying.pickles import check_folder
from validator.replaying.settings import ReplaySettings


def check_possible(settings: ReplaySettings) -> None:
    """Raise ValueError where the replay cannot work, before anything else is done."""
    if sys.platform == "win32":
        raise ValueError("a replay does not run on Windows: take WSL, Linux or macOS for it. All else works here.")
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise ValueError("--replay needs torch and transformers: pip install 'mmvalidate[replay]'")
    for option, name in (("--model", settings.model), ("--reference-model", settings.reference_model or "scale")):
        known = name == "scale" or Path(name).is_dir()
        if not known and (name.startswith((".", "/", "~")) or name.count("/") != 1):
            raise ValueError(f"{option} {name}: no such folder, and it is not a hub id (ORGANISATION/NAME).")
        try:
            check_folder(name, allowed=settings.allow_pickles)
        except ValueError as error:
            raise ValueError(f"{option} {name}: {error}.") from None
