"""Data to export, in a folder beside which a run and an export will lie."""

import pytest

from tests.conftest import Dataset


@pytest.fixture
def home(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(home):
    return Dataset(home / "data")
