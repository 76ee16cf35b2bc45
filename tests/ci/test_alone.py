"""The project needs nothing that lies beside it: a clone anywhere makes all that its tests ask."""

from tests.conftest import ROOT

BESIDE = b"../" + b"shared"


def test_no_file_names_a_folder_beside_the_project():
    places = [ROOT / name for name in (".ci", ".github", "docs", "scripts", "tests", "validator")]
    files = [file for place in places for file in place.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    assert len(files) > 800
    assert [str(file) for file in files if BESIDE in file.read_bytes()] == []
