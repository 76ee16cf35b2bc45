"""An exception of Pillow -> a word for the fault, and what is wrong in plain words."""

from __future__ import annotations

from PIL import Image

_PLAIN: tuple[tuple[str, str], ...] = (
    ("memory used in text", "its text chunks inflate to more than 64 MiB"),
    ("too large", "a text or profile inside inflates to more than 1 MiB"),
    ("truncated", "the file ends too early"),
    ("not enough", "the file ends too early"),
    ("broken data stream", "its compressed data is damaged"),
    ("unrecognized data stream", "its compressed data is damaged"),
    ("decoder error", "its compressed data is damaged"),
    ("broken png", "one of its chunks is damaged"),
    ("chunk", "one of its chunks is damaged"),
    ("apng", "its animation is damaged"),
    ("palette", "its palette is damaged"),
    ("tile", "its pixels lie outside the image or the file"),
    ("cannot load this image", "Pillow knows no decoder for this variant"),
    ("unsupported", "Pillow does not read this variant"),
    ("unknown", "Pillow does not read this variant"),
    ("cannot find loader", "Pillow has no decoder for this format"),
    ("too long", "a field inside is too long"),
)
_BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (Image.DecompressionBombError, "it claims more pixels than Pillow accepts"),
    (MemoryError, "it needs more memory than there is, or than Pillow can address"),
    (AssertionError, "its palette is missing"),
    (UnicodeError, "text inside it is damaged"),
    (FileNotFoundError, "a helper program that Pillow needs for it is missing"),
)
_OTHER = "its contents contradict each other"


def fault_of(error: Exception, *, opened: bool) -> str:
    """The fault of an exception: `bomb`, `memory`, `truncated`, `unreadable` (never opened) or `corrupt`."""
    if isinstance(error, Image.DecompressionBombError):
        return "bomb"
    if isinstance(error, MemoryError):
        return "memory"
    if "truncated" in str(error).lower():
        return "truncated"
    return "corrupt" if opened else "unreadable"


def plain_words(error: Exception) -> str:
    """What is wrong with an image that opened, for people: "its compressed data is damaged"."""
    for kind, words in _BY_CLASS:
        if isinstance(error, kind):
            return words
    message = str(error).lower()
    return next((words for part, words in _PLAIN if part in message), _OTHER)
