"""What a raw row becomes before any token is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from validator.records.arrow import Int32

MediaKind = Literal["image", "video", "audio"]
MEDIA_COLUMNS: dict[str, MediaKind] = {"images": "image", "videos": "video", "audios": "audio"}
Stage = Literal["", "convert", "encode"]
PLACEHOLDERS: dict[MediaKind, str] = {"image": "<image>", "video": "<video>", "audio": "<audio>"}


class UnreadError(Exception):
    """A layout that is not reproduced. The message says which."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault seen while a row is converted or encoded.

    `kind` is a word that rules look for; `turn` and `media_index` point into the raw row. `exception` and `message`
    are the trainer's where it crashes, empty where it drops the row in silence. `stage` says where the trainer would
    stop: while it loads and converts the row, or, after it has opened the media, while it encodes the text; empty
    where it does not stop.
    """

    kind: str
    turn: Int32 | None = None
    media_index: Int32 | None = None
    exception: str = ""
    message: str = ""
    stage: Stage = ""


@dataclass(slots=True)
class Turn:
    """One message. `role` is the trainer's role, or the row's own word where the trainer knows no such role.

    `learned`: the row does not ask for this answer to be left out of the loss. `ends`: the template writes an end after
    it. Both are said by rows of trainers that let rows say so. `words`: what the trainer's own layout reads of it,
    among its traits.
    """

    index: int
    role: str
    content: Any
    learned: bool = True
    ends: bool = True
    words: tuple[str, ...] = ()


@dataclass(slots=True)
class MediaReference:
    """One element of an images, videos or audios column: as written, and the path that the trainer opens.

    `problem` is set where the trainer cannot open the element because of what it is (null, a number ...). `frames` are
    the paths of a video that is given as a list of images. `data` is the content of a file that stands in the row
    itself. `decoded`: the loader opens it before the conversion, and turns it as its EXIF block says. `below_root`: the
    paths are as written, and are looked for below media_dir first (`media_paths.resolve`). `named_frames`: the number
    of frames of a video file that the row names one by one.
    """

    kind: MediaKind
    index: int
    written: str
    target: str | None
    form: Literal["path", "url", "data-uri", "value"]
    problem: Problem | None = None
    frames: tuple[str, ...] | None = None
    data: bytes | None = None
    decoded: bool = False
    below_root: bool = False
    named_frames: int | None = None


@dataclass(slots=True)
class Sample:
    """A converted row. `dropped`: the trainer removes it in silence. `unchecked`: why nothing can be said of it.

    `objects`: what a trainer needs once the sizes of the images are known, as what ms-swift fills in for <ref-object>.
    `times`: for each <video>, in order, what is written before each two of its frames, where the model is told when
    they are shown. `messages`: those that the turns were made of, where another model's template makes others of them.
    `system_words`: as `Turn.words`, of the system prompt.
    """

    turns: list[Turn] = field(default_factory=list)
    system: Any = None
    system_turn: int | None = None
    tools: Any = None
    media: dict[MediaKind, list[MediaReference]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    times: list[tuple[str, ...]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    system_words: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    dropped: bool = False
    unchecked: str | None = None

    def fail(
        self,
        kind: str,
        error: Exception,
        turn: int | None = None,
        media_index: int | None = None,
        stage: Stage = "convert",
    ) -> None:
        """Note a crash of the trainer; the first one of a stage is the one that the trainer dies of."""
        self.problems.append(Problem(kind, turn, media_index, type(error).__name__, str(error)[:300], stage))

    @property
    def crashed(self) -> bool:
        """Whether the trainer stops before it opens media or encodes text."""
        return any(problem.stage == "convert" for problem in self.problems)

    def note(self, kind: str, turn: int | None, message: str) -> None:
        """Note something that neither stops the trainer nor drops the row."""
        self.problems.append(Problem(kind, turn, message=message))

    def drop(self, kind: str, turn: int | None, message: str) -> None:
        """Note that the trainer drops this row."""
        self.problems.append(Problem(kind, turn, message=message))
        self.dropped = True
