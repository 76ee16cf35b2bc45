"""Images of an image column, which the loader decodes and the trainer saves with loss (IM025)."""

import io

import datasets
import pytest
from PIL import Image

from tests.conftest import say


def saved(form, **options):
    buffer = io.BytesIO()
    picture = Image.new("RGB", (64, 40), "red") if form != "GIF" else Image.new("P", (64, 40))
    picture.save(buffer, form, **options)
    return {"bytes": buffer.getvalue(), "path": None}


TURNED = Image.Exif()
TURNED[274] = 1
STORED = {
    "JPEG": (saved("JPEG", quality=100), True),
    "WebP without loss": (saved("WEBP", lossless=True), True),
    "PNG": (saved("PNG"), False),
    "GIF": (saved("GIF"), False),
    "with an orientation, which is saved as PNG": (saved("JPEG", exif=TURNED), False),
    "by its path": ({"bytes": None, "path": "a.jpg"}, False),
}


@pytest.mark.parametrize("typed", [True, False], ids=["image column", "bytes without a type"])
@pytest.mark.parametrize("name", STORED)
def test_images_that_the_loader_decodes_are_saved_again(dataset, name, typed):
    image, lossy = STORED[name]
    if image["path"]:
        image = {"bytes": None, "path": str(dataset.folder / dataset.image(image["path"]))}
    data = datasets.Dataset.from_list([say("a", "b", images=[]), say("<image>a", "b", images=[image])])
    if typed:
        data = data.cast_column("images", datasets.List(datasets.Image()))
    else:
        data = data.cast_column("images", datasets.List(datasets.Image(decode=False)))
    dataset.write("", "parquet")
    data.to_parquet(str(dataset.folder / "data.parquet"))
    found = [finding["message"] for finding in dataset.check(select=("IM025",))[1]]
    assert found == [
        "1 image in a column of images (first: row 1 of data.parquet) is decoded and saved again, twice, with the "
        "default quality of the format (75 for JPEG): the model sees a coarser picture than the file holds"
    ] * (lossy and typed)
    assert dataset.check(select=("IM025",), trainer="hf")[1] == []
