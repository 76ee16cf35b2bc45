"""Packages of axolotl's that only report or speed up, and are not installed: stubbed before it imports them."""

import sys
from unittest.mock import MagicMock

for name in ("numba", "colorama", "posthog"):
    sys.modules[name] = MagicMock()
