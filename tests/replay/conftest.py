"""What the tests of replay share. Those that need torch run in the environment that ./scripts/replay_env makes."""

import pytest


@pytest.fixture(scope="session")
def tiny():
    """The folder of the trained tiny checkpoint, trained now where it is not there."""
    from scripts.tiny_checkpoint import ensure

    return ensure()


@pytest.fixture
def rows(dataset):
    from tests.replay.command import healthy

    dataset.write(healthy(dataset, 60))
    return dataset
