"""Values of any kind, for tests that must hold whatever is given."""

from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
NUMBERS = [float("inf"), -float("inf"), float("nan"), 10**400, -(10**30), 2**62, -1, 0, 1e308]
ODD = [*NUMBERS, True, None, [], {}, "\0", "x" * 5000]
