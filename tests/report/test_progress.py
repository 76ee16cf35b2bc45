"""Progress where stderr is no terminal."""

import pytest

from validator.report.progress import StderrProgress


@pytest.mark.parametrize(("checked", "told"), [(3, "3 of 10 rows"), (10, "10 of 10 rows"), (14, "10 of 10 rows")])
def test_no_more_rows_are_told_than_there_are(monkeypatch, capsys, checked, told):
    """Those of a shard that is tried again after its process died are counted twice."""
    monkeypatch.setattr("validator.report.progress.LINE_EVERY", -1.0)
    with StderrProgress(quiet=False) as progress:
        progress.checking(10, "one process")
        progress.checked(checked, 0, 0)
    assert capsys.readouterr().err.startswith(f"{told}, ")
