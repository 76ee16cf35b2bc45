"""Opens a video with FFmpeg, which is kept from opening anything else than that file."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from av.container import InputContainer

_PROTOCOLS = "file,crypto,data"
"""Those that FFmpeg allows a local file to name."""
_NAMING_OTHERS = frozenset(("concat", "dash", "hls", "imf", "rtp", "rtsp", "sap", "sdp"))
"""Formats of files that only name others, some of which FFmpeg waits for without end, or reads again and again."""
_PLAYLISTS = (b"#EXTM3U", b"ffconcat version", b"<?xml", b"<MPD")


def open_video(source: str | BinaryIO) -> InputContainer:
    """Open a path or a file. Raises av.FFmpegError, OSError or ValueError; of a playlist av.ArgumentError."""
    import av

    return av.open(source, "r", options=_options())


def begins_playlist(head: bytes) -> bool:
    """Whether a file that begins with `head`, and that FFmpeg refuses, is a list of other files."""
    return head.startswith(_PLAYLISTS)


@lru_cache(maxsize=1)
def _options() -> dict[str, str]:
    import av

    formats = ",".join(sorted(av.formats_available - _NAMING_OTHERS))
    return {"protocol_whitelist": _PROTOCOLS, "format_whitelist": formats}
