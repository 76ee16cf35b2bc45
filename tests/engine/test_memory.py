"""What a process keeps of a shard when it is done: nothing that grows with its rows."""

import gc
import weakref

from tests.conftest import say
from validator.catalog.formats import file_rows, survey_file
from validator.catalog.registry import load_registry
from validator.facts.measure import Measurer, Together
from validator.settings import Settings
from validator.storage.media_files import MediaFiles


def test_what_was_seen_of_media_goes_with_the_shard(dataset):
    """At once: the collector of garbage comes too seldom for hundreds of thousands of images."""
    dataset.write([say("<image>a", f"b{row}", images=[dataset.image(f"{row}.png")]) for row in range(3)])
    (entry,) = load_registry(dataset.registry).entries
    path = dataset.folder / "data.jsonl"
    survey = survey_file(path)
    files = MediaFiles(str(dataset.folder))
    measurer = Measurer(entry, "data.jsonl", survey, Settings(dataset_info=dataset.registry), files)
    gc.collect()
    gc.disable()
    try:
        facts = Together([(measurer, row) for row in file_rows(path, survey)], files).facts()
        assert [len(row.media) for row in facts] == [1, 1, 1] and len(files.seen) == 3
        kept = weakref.ref(files)
        del measurer, files
        assert kept() is None
    finally:
        gc.enable()
