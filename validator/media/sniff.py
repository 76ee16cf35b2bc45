"""Names a file that Pillow cannot identify, from its first bytes."""

from __future__ import annotations

import re

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer (run `git lfs pull`)"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"RIFF", "a RIFF file (WebP, AVI or WAV), damaged or no image"),
    (b"\x89PNG", "a damaged PNG"),
    (b"\xff\xd8", "a damaged JPEG"),
    (b"GIF8", "a damaged GIF"),
    (b"{", "JSON text"),
)
_HTML = re.compile(rb"<(!doctype html|html|head|body)", re.IGNORECASE)
_SVG = re.compile(rb"<svg[\s>]", re.IGNORECASE)


def sniff(head: bytes) -> str:
    """Say in plain words what a file is that begins with `head`; "unknown data" when nothing is recognised."""
    if not head:
        return "an empty file"
    if not head.strip(b"\x00"):
        return "zeros only"
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if _SVG.search(text):
        return "an SVG drawing, which Pillow does not read"
    if _HTML.search(text):
        return "an HTML page, not an image"
    if head[4:8] == b"ftyp":
        return f"an ISO media file ({head[8:12].decode('latin-1').strip()}: HEIC, AVIF or MP4)"
    if text.startswith(b"<?xml"):
        return "XML text"
    return "unknown data"
