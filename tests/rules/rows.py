"""Words that the tests of rules share."""

SEE = ("<image>What?", "A thing.")


def long(times):
    """Much text that does not repeat itself."""
    return "".join(f"one two three four five six seven eight nine {number} " for number in range(times))


def codes(findings, *left_out):
    return sorted({finding["code"] for finding in findings} - set(left_out))
