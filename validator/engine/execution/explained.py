"""One cause, one finding: what follows from a fault of an entry is not told again row by row.

A rule about an entry says which findings of the same entry its fault explains. Those are left out of a run's findings;
the rows keep the status that they have by them, so that none is lost or counted as passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from validator.facts.columns import plain_array, values_of
from validator.findings import Finding
from validator.rules.base import Consequences


@dataclass(frozen=True, slots=True)
class Cause:
    """What one finding about an entry, or about one `file` of it, explains."""

    file: str | None
    explains: Consequences

    def holds(self, code: str, file: str | None, evidence: dict[str, Any]) -> bool:
        """Whether a finding of the entry follows from it."""
        wanted = self.explains.get(code)
        if wanted is None or (self.file is not None and file not in (None, self.file)):
            return False
        return all(evidence.get(key) in values for key, values in wanted.items())


def told(findings: Sequence[Finding], causes: Sequence[Cause]) -> list[Finding]:
    """The findings of an entry that follow from no cause."""
    return [one for one in findings if not any(cause.holds(one.code, one.file, one.evidence) for cause in causes)]


def told_of(batch: pa.RecordBatch, causes: Sequence[Cause]) -> pa.RecordBatch:
    """The same of findings as columns with their lines."""
    suspect = {code for cause in causes for code in cause.explains}
    codes, files = values_of(batch["code"]), values_of(batch["file"])
    chosen = [
        code not in suspect or not _follows(code, file, batch["evidence"][place].as_py(), causes)
        for place, (code, file) in enumerate(zip(codes, files, strict=True))
    ]
    return batch if all(chosen) else batch.filter(plain_array(chosen, pa.bool_()))


def _follows(code: str, file: str | None, evidence: str, causes: Sequence[Cause]) -> bool:
    plain = orjson.loads(evidence)
    return any(cause.holds(code, file, plain) for cause in causes)
