"""What packed data files hold, unpacked once into the run folder: everything else reads it there as any other file."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from validator.catalog.marks import digest_file
from validator.catalog.packing import packing_of
from validator.catalog.unpack import DamagedError, UnreadPackedError, in_loaders_order, is_unpacked_again, unpack
from validator.engine.keys import key_of
from validator.errors import ChangedDataError
from validator.rules.base import FileFacts
from validator.run_folder.sweep import own_folder
from validator.writing import Parts, write_whole


@dataclass(frozen=True, slots=True)
class Unpacked:
    """The content of a packed file: `names` are those of the members that the loader reads, in its order, None where
    the file is no archive; `places` where they lie. Where it holds none, or the loader stops at it with an error
    (`fault`), there is one empty file without a name. `unread`: why it is not read.
    """

    packing: str
    names: tuple[str | None, ...] = ()
    places: tuple[str, ...] = ()
    fault: str | None = None
    unread: str | None = None


class UnpackedFiles:
    """A folder with the content of packed files, one of each path: that of an earlier state is overwritten."""

    def __init__(self, folder: Path, program_key: str) -> None:
        self.folder, self._program = folder, program_key
        self._found: dict[str, tuple[str, Unpacked]] = {}

    def at_hand(self, file: FileFacts, folder: Path) -> FileFacts:
        """A file of a finished run, unpacked again where that is gone, or one that is not packed as it is. `folder` is
        that of the registry. Raises OSError.
        """
        packed = file.packed
        if packed is None:
            return file
        unpacked = self.of(folder / packed.file, packed.packing, packed.digest)
        member = None if file.name == packed.file else file.name.removeprefix(f"{packed.file}/")
        place = unpacked.places[unpacked.names.index(member) if unpacked.names else 0]
        return replace(file, packed=replace(packed, place=place))

    def of(self, path: Path, packing: str, digest: str) -> Unpacked:
        """The content of a packed file of this digest; unpacked now if it was not yet.

        Raises OSError where it cannot be written, ChangedDataError where the file is not of this digest.
        """
        key = key_of(self._program, str(path))
        own_folder(self.folder)  # before anything in it is read or touched
        seen, found = self._found.get(key, ("", None))
        if found is None or seen != digest:
            found = self._known(key, packing, digest) or self._made(key, path, packing, digest)
            self._found[key] = digest, found
        return found

    def _made(self, key: str, path: Path, packing: str, digest: str) -> Unpacked:
        (self.folder / f"{key}.json").unlink(missing_ok=True)
        made = self._unpack(path, packing, key)
        if digest_file(path) != digest:  # else other content would be taken for this one's later
            raise ChangedDataError(f"the file `{path.name}` changed while it was read")
        for other in self.folder.glob(f"{key}-*"):
            if str(other) not in made.places:
                other.unlink(missing_ok=True)
        sizes = [os.path.getsize(place) for place in made.places]
        content = {**asdict(made), "places": [os.path.basename(place) for place in made.places]}
        write_whole(self.folder / f"{key}.json", orjson.dumps([digest, sizes, content]))
        return made

    def _known(self, key: str, packing: str, digest: str) -> Unpacked | None:
        index = self.folder / f"{key}.json"
        with suppress(OSError, ValueError, TypeError):
            known, sizes, content = cast(list[Any], orjson.loads(index.read_bytes()))
            places = tuple(str(self.folder / os.path.basename(place)) for place in content["places"])
            found = Unpacked(**{**content, "names": tuple(content["names"]), "places": places})
            if (known, found.packing) == (digest, packing) and [os.path.getsize(place) for place in places] == sizes:
                for used in (str(index), *places):
                    os.utime(used, follow_symlinks=False)
                return found
        return None

    def _unpack(self, path: Path, packing: str, key: str) -> Unpacked:
        parts, suffix = Parts(self.folder), path.suffix
        written: dict[str | None, str] = {}

        def writer(name: str | None) -> BinaryIO:
            if name in written:
                return parts[written[name]].open("wb")
            written[name] = f"{key}-{len(written)}{suffix}"
            return parts.new(written[name]).open("wb")

        try:
            try:
                unpack(path, packing, writer)
                names: list[str | None] = [*in_loaders_order([name for name in written if name is not None])]
                names = names if None not in written else [None]
                if suffix == ".csv" and self._packed_twice(names, written, parts):
                    raise UnreadPackedError("is packed twice, which is not read; unpack it")
            except UnreadPackedError as error:
                return Unpacked(packing, unread=str(error))
            except DamagedError as error:
                return Unpacked(packing, (), self._empty(key, suffix), fault=str(error))
            if not names:
                return Unpacked(packing, (), self._empty(key, suffix))
            parts.keep(*(written[name] for name in names))
            return Unpacked(packing, tuple(names), tuple(str(self.folder / written[name]) for name in names))
        finally:
            parts.discard()

    def _empty(self, key: str, suffix: str) -> tuple[str]:
        place = self.folder / f"{key}-0{suffix}"
        write_whole(place, b"")
        return (str(place),)

    @staticmethod
    def _packed_twice(names: list[str | None], written: dict[str | None, str], parts: Parts) -> bool:
        """pandas unpacks what is packed within: by the names of members, and by their content."""
        return any(is_unpacked_again(name) or packing_of(parts[written[name]]) is not None for name in names)
