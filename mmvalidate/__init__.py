"""mmvalidate under its own name: what `validator` offers, whatever else is called so.

Other distributions bring a package `validator` too. Where theirs lies in the place of ours, this says so.
"""

from importlib.util import find_spec
from os.path import dirname
from typing import TYPE_CHECKING, Any

# It is not loaded to find out: a stranger's code is not ours to run.
if (_found := find_spec("validator")) is None or dirname(dirname(_found.origin or "")) != dirname(dirname(__file__)):
    raise ImportError(
        "The package `validator` that is found here is not mmvalidate's: another distribution of that name lies in its "
        "place. Install mmvalidate in an environment of its own."
    )

import validator
from validator import __all__ as __all__
from validator import __version__ as __version__

if TYPE_CHECKING:
    from validator import *  # noqa: F403


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(validator, name)


def __dir__() -> list[str]:
    return __all__
