"""Pictures on terminals, by the protocol that a terminal announces: kitty's, iTerm2's, or sixels.

kitty: https://sw.kovidgoyal.net/kitty/graphics-protocol/ · iTerm2: https://iterm2.com/documentation-images.html ·
sixel: https://vt100.net/docs/vt3xx-gp/chapter14.html
"""

from __future__ import annotations

import base64
import io
import os
import re
import select
import sys
import time
from collections.abc import Mapping
from itertools import groupby
from typing import Literal

from PIL import Image

Protocol = Literal["kitty", "iterm2", "sixel"]
_CHUNK = 4096
"""Characters of one command of kitty."""
_COLOURS = 64
_ANSWER_SECONDS = 0.3
_ATTRIBUTES = re.compile(rb"\x1b\[\?([0-9;]*)c")
"""A terminal's answer to `what are you` (DA1); 4 among its numbers: it draws sixels."""


def protocol_of(environment: Mapping[str, str]) -> Protocol | None:
    """The protocol of a terminal that names itself in the environment. Multiplexers pass no pictures on."""
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if "TMUX" in environment or "STY" in environment or term == "dumb":
        return None
    if "KITTY_WINDOW_ID" in environment or term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    if program in ("iTerm.app", "WezTerm", "mintty", "rio") or "WEZTERM_EXECUTABLE" in environment:
        return "iterm2"
    return "sixel" if term in ("mlterm", "yaft-256color", "foot", "foot-extra") else None


def announced() -> Protocol | None:
    """The protocol of the terminal at stdin and stdout: by its name, otherwise asked; None where there is none."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    if (named := protocol_of(os.environ)) is not None or "TMUX" in os.environ or os.environ.get("TERM") == "dumb":
        return named
    return "sixel" if "4" in _attributes() else None


def _attributes() -> list[str]:
    """What the terminal answers to DA1; nothing where it does not in time."""
    try:
        import termios
        import tty

        before = termios.tcgetattr(sys.stdin)
    except (ImportError, OSError, ValueError):  # no such terminal
        return []
    answer, end = b"", time.monotonic() + _ANSWER_SECONDS
    try:
        tty.setcbreak(sys.stdin)
        sys.stdout.write("\x1b[c")
        sys.stdout.flush()
        while (left := end - time.monotonic()) > 0 and select.select([sys.stdin], [], [], left)[0]:
            answer += os.read(sys.stdin.fileno(), 64)
            if (match := _ATTRIBUTES.search(answer)) is not None:
                return match[1].decode().split(";")
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
    return []


def encoded(picture: bytes, protocol: Protocol) -> str:
    """An image file as the characters that draw it where the cursor stands; a line end follows. Raises OSError or
    ValueError where it is no image.
    """
    with Image.open(io.BytesIO(picture)) as opened:
        image = opened.convert("RGB")
    if protocol == "sixel":
        return _sixels(image)
    file = io.BytesIO()
    image.save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    if protocol == "iterm2":
        size = f"size={len(file.getvalue())};width={image.width}px;height={image.height}px"
        return f"\x1b]1337;File=inline=1;{size};preserveAspectRatio=1:{text}\x07\n"
    pieces = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)]
    last = len(pieces) - 1
    commands = (
        f"\x1b_G{'a=T,f=100,' if not number else ''}m={int(number < last)};{piece}\x1b\\"
        for number, piece in enumerate(pieces)
    )
    return "".join(commands) + "\n"


def _sixels(image: Image.Image) -> str:
    """Bands of six rows; in each the columns of one colour after the other, runs of the same column counted."""
    drawn = image.quantize(_COLOURS)
    palette = drawn.getpalette() or []
    pixels, width = drawn.tobytes(), drawn.width
    found = [f'\x1bPq"1;1;{width};{drawn.height}']
    for number in range(len(palette) // 3):
        red, green, blue = (round(part * 100 / 255) for part in palette[3 * number : 3 * number + 3])
        found.append(f"#{number};2;{red};{green};{blue}")
    for top in range(0, drawn.height, 6):
        rows = [pixels[row * width : (row + 1) * width] for row in range(top, min(top + 6, drawn.height))]
        for colour in sorted(set(b"".join(rows))):
            columns = (sum((row[place] == colour) << bit for bit, row in enumerate(rows)) for place in range(width))
            runs = ((chr(63 + bits), sum(1 for _ in same)) for bits, same in groupby(columns))
            found.append(f"#{colour}" + "".join(f"!{n}{char}" if n > 3 else char * n for char, n in runs) + "$")
        found.append("-")
    return "".join(found) + "\x1b\\\n"
