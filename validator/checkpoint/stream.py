"""Tensors in pieces, as FP32, with what is not finite found on their bits. Buffers are used again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validator.checkpoint.shards import SIZES, TensorPlace

PIECE = 1 << 18
"""Elements of a piece: it stays in the processor's caches on its way from bits to sums."""
_BITS: dict[str, tuple[type[Any], int, int]] = {
    "BF16": (np.uint16, 0x7FFF, 0x7F80),
    "F16": (np.uint16, 0x7FFF, 0x7C00),
    "F32": (np.uint32, 0x7FFFFFFF, 0x7F800000),
    "F64": (np.uint64, 0x7FFFFFFFFFFFFFFF, 0x7FF0000000000000),
}
"""Type of the bits, the mask that takes the sign away, and the bits of infinity: what is as large is not finite."""
Floats = NDArray[np.float32]


class Reader:
    """Reads tensors of open files piece by piece."""

    def __init__(self) -> None:
        self._files: dict[Any, Any] = {}
        self._raw: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._wide: NDArray[np.uint32] = np.empty(0, np.uint32)
        self._bare: NDArray[Any] = np.empty(0, np.uint16)

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()

    def pieces(self, place: TensorPlace, row: int = 1) -> Iterator[TensorPiece]:
        """A tensor in pieces of about PIECE elements, of whole rows of `row` elements, at least one.

        Raises OSError where the file cannot be read or has become shorter.
        """
        step = max(PIECE // row, 1) * row
        for begin in range(0, place.elements, step):
            yield self._read(place, begin, min(step, place.elements - begin))

    def whole(self, place: TensorPlace) -> Floats:
        """A tensor at once, in FP32."""
        out = np.empty(place.elements, np.float32)
        for piece in self.pieces(place):
            out[piece.begin : piece.begin + len(piece.values)] = piece.values
        return out.reshape(place.shape)

    def _read(self, place: TensorPlace, begin: int, number: int) -> TensorPiece:
        size = SIZES[place.dtype]
        if len(self._raw) < number * size:
            self._raw = np.empty(number * size, np.uint8)
        if len(self._wide) < number:
            self._wide = np.empty(number, np.uint32)
        file = self._files.get(place.file)
        if file is None:
            file = self._files[place.file] = place.file.open("rb", buffering=0)
        file.seek(place.begin + begin * size)
        view = self._raw[: number * size].data
        done = 0
        while done < len(view):
            got = file.readinto(view[done:])
            if not got:
                raise OSError(None, f"it ends within {place.written}", place.file.name)
            done += got
        kind, mask, infinite = _BITS[place.dtype]
        bits = self._raw[: number * size].view(kind)
        if self._bare.dtype != kind or len(self._bare) < number:
            self._bare = np.empty(number, kind)
        bare = np.bitwise_and(bits, kind(mask), out=self._bare[:number])
        top = int(bare.max())
        faulty = np.flatnonzero(bare >= infinite) if top >= infinite else None
        return TensorPiece(begin, self._floats(bits, place.dtype, number), faulty)

    def _floats(self, bits: NDArray[Any], dtype: str, number: int) -> Floats:
        if dtype == "F32":
            floats: Floats = bits.view(np.float32)
            return floats
        if dtype == "BF16":
            np.left_shift(bits, np.uint32(16), out=self._wide[:number])
            wide: Floats = self._wide[:number].view(np.float32)
            return wide
        out: Floats = self._wide[:number].view(np.float32)
        with np.errstate(over="ignore"):
            out[:] = bits.view(np.float16 if dtype == "F16" else np.float64)
        return out


@dataclass(frozen=True, slots=True)
class TensorPiece:
    """Some elements of a tensor from the flat place `begin` on; `faulty` are the places in it that are not finite."""

    begin: int
    values: Floats
    faulty: NDArray[np.int64] | None

    def finite(self) -> Floats:
        """The values with 0 for what is not finite."""
        if self.faulty is None:
            return self.values
        clean: Floats = self.values.copy()
        clean[self.faulty] = 0
        return clean


def squares(values: Floats) -> float:
    """The sum of squares, in FP64 where FP32 would overflow."""
    with np.errstate(over="ignore"):
        total = float(np.dot(values, values))
    if not np.isfinite(total):
        wide = values.astype(np.float64)
        total = float(np.dot(wide, wide))
    return total
