"""What is generated is up to date; `scripts/generate` says of each file that is not how to make it."""

import pytest

from scripts.generate import PRODUCTS, Product, generate, outdated


@pytest.mark.parametrize(
    "product",
    [
        pytest.param(product, marks=pytest.mark.proof if product.place == "sample_data" else ())  # draws it anew
        for product in PRODUCTS
    ],
    ids=lambda product: product.place,
)
def test_is_as_generated(product):
    assert list(outdated(product)) == []


@pytest.fixture
def pages(tmp_path):
    """A folder with a page that is as made, one that is not, a picture of an older encoder, and one page too many."""
    made = {"same.md": "a", "new/page.md": "b", "changed.md": "c", "drawn.png": "d"}
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in {"same.md": "a", "changed.md": "C", "drawn.png": "D", "old.md": "e"}.items():
        (folder / name).write_text(text)

    def write(place):
        for name, text in made.items():
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_text(text)

    return Product("pages", write, "./make", whole=True)


def test_each_file_that_is_not_is_named_with_the_command(pages, tmp_path):
    assert list(outdated(pages, tmp_path)) == [
        "pages/changed.md is out of date: run ./make",
        "pages/new/page.md is missing: run ./make",
        "pages/old.md is left over, nothing makes it: run ./make",
    ]


def test_after_it_was_made_nothing_is_out_of_date(pages, tmp_path):
    generate(pages, tmp_path)
    assert list(outdated(pages, tmp_path)) == []
    files = {path.relative_to(tmp_path / "pages").as_posix() for path in (tmp_path / "pages").rglob("*.*")}
    assert files == {"same.md", "changed.md", "drawn.png", "new/page.md"}


def test_files_that_others_wrote_stay(tmp_path):
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "by_hand.json").write_text("1")
    product = Product("schemas", lambda place: (place / "made.json").write_text("2"))
    generate(product, tmp_path)
    assert list(outdated(product, tmp_path)) == [] and (tmp_path / "schemas" / "by_hand.json").read_text() == "1"
