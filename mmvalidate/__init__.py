"""mmvalidate under its own name: what `validator` offers, whatever else is called so.

Other distributions bring a package `validator` too. Where theirs lies in the place of ours, this says so.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("validator") is None or find_spec("validator.settings") is None or find_spec("validator.api") is None:
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
    return getattr(validator, name)


def __dir__() -> list[str]:
    return __all__
