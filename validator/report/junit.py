"""JUnit's XML: a suite for each entry, a case for each rule that judged it, and a suite for the gate."""

from __future__ import annotations

from typing import Any, TextIO
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from validator.engine.gate.gate import number_sentence, rate_sentence
from validator.engine.run_files.finished import rules_told
from validator.findings import clip, count, printable
from validator.report.finished import MESSAGE, Finished, Group, gate_notes
from validator.report.verdict import WORDS, describe
from validator.rules.registry import nearest


def write(run: Finished, out: TextIO) -> None:
    """Write the document."""
    root = Element("testsuites", name="mmvalidate")
    by_dataset: dict[str, dict[str, list[Group]]] = {}
    for group in run.groups:
        by_dataset.setdefault(group.dataset, {}).setdefault(group.code, []).append(group)
    rules = _rules(run.summary)
    for item in run.summary["datasets"]:
        name = item["dataset"]
        unchecked = [entry["reason"] for entry in run.summary["unchecked_entries"] if entry["dataset"] == name]
        _suite(root, run, item, rules, by_dataset.get(name, {}), unchecked)
    _gate(root, run.summary)
    for attribute in ("tests", "failures", "errors"):
        root.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in root)))
    indent(root)
    out.write('<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n")


def _rules(summary: dict[str, Any]) -> dict[str, str]:
    """The rules that ran, by code."""
    rules = {rule.code: rule.name for rule in rules_told(summary)}
    for item in summary["rules_not_run"]:
        rules.pop(item["code"], None)
    return dict(sorted(rules.items()))


def _suite(
    root: Element,
    run: Finished,
    item: dict[str, Any],
    rules: dict[str, str],
    found: dict[str, list[Group]],
    unchecked: list[str],
) -> None:
    dataset = printable(item["dataset"])
    suite = SubElement(root, "testsuite", name=dataset)
    properties = SubElement(suite, "properties")
    for outcome, word in WORDS.items():
        SubElement(properties, "property", name=f"rows {word}", value=str(item["training"][outcome]))
    own = run.summary["settings"].get("per_dataset", {}).get(item["dataset"], {}).get("ignore", ())
    for code, name in rules.items():
        if nearest(code, name, own) is not None:
            continue
        case = SubElement(suite, "testcase", classname=dataset, name=f"{code} {name}")
        for group in found.get(code, ()):
            if run.fails(group):
                failure = SubElement(case, "failure", type=group.severity, message=group.message)
                failure.text = _text(group)
            elif group.count:
                SubElement(case, "system-out").text = _text(group)
    rows = item["rows"]["unchecked"]
    if rows:
        unchecked = [*unchecked, f"{count(rows, 'row')} not checked"]
    for reason in unchecked:
        case = SubElement(suite, "testcase", classname=dataset, name="everything was checked")
        SubElement(case, "error", type="unchecked", message=clip(reason, MESSAGE))
    _count(suite)


def _text(group: Group) -> str:
    lines = [f"{_where(example)}: {clip(example['message'], MESSAGE)}" for example in group.examples]
    if group.count > len(group.examples):
        lines.append(f"and {group.count - len(group.examples):,} more")
    return "\n".join([*lines, f"help: {clip(group.examples[0]['help'], MESSAGE)}"])


def _where(finding: dict[str, Any]) -> str:
    file = clip(finding["file"] or finding["dataset"], 300)
    return file if finding["row"] is None else f"{file} row {finding['row']}"


def _gate(root: Element, summary: dict[str, Any]) -> None:
    """Rates and numbers of rows that fail are cases of their own; what the gate says besides is the suite's output."""
    suite = SubElement(root, "testsuite", name="gate")
    gate = summary["gate"]
    for rate in gate["rates"]:
        where = rate["dataset"] or "all datasets"
        name = printable(f"max-rate {rate['rule']} of {where}")
        _limit(suite, name, None if rate["passed"] else rate_sentence(rate))
    for number in gate["min_rows"]:
        name = printable(f"min-rows of {number['dataset'] or 'all datasets'}")
        _limit(suite, name, None if number["passed"] else number_sentence(number))
    SubElement(suite, "system-out").text = printable("\n".join([*gate_notes(summary), describe(summary)]))
    _count(suite)


def _limit(suite: Element, name: str, failure: str | None) -> None:
    case = SubElement(suite, "testcase", classname="gate", name=name)
    if failure is not None:
        SubElement(case, "failure", type="gate", message=printable(failure))


def _count(suite: Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
