"""A file that has grown is surveyed from its checkpoint on; what comes out is what a survey of the whole file finds."""

import json
import random
from functools import partial

import pyarrow.json
import pytest

import validator.catalog.line_survey as line_survey
import validator.catalog.marks as marks
from tests.tiers import first, many
from validator.catalog.formats import survey_file
from validator.catalog.marks import read_again
from validator.catalog.registry import load_registry
from validator.catalog.survey_record import checkpoint_from_plain, checkpoint_to_plain
from validator.engine.cache import Cache
from validator.engine.entries import open_entries
from validator.settings import Settings

PIECE, STRETCH = 2048, 256
USUAL = ['{"a":1,"m":[{"r":"x"}]}', '{"a":2,"m":[]}', '{"m":[{"r":"y"},{"r":null}],"a":3}', '{"a":null}']
ODD = [
    *('{"a":1.5}', '{"a":"text"}', '{"a":"2020-01-01"}', '{"a":[1]}', '{"a":[1,"x"]}', '{"b":{"c":1}}'),
    *('{"b":{"d":[]}}', '{"m":[{"r":7}]}', '{"m":[{"r":"z","s":true}]}', '{"a":1,"a":2}', '{"a":', " 1}", "7"),
    *('{"a":1} {"a":2}', "", " \t", '{"a":1}\r', "\ufeff", '{"k":' + "[" * 70 + "]" * 70 + "}"),
    json.dumps({"a": "x" * 3000}),
]


def lines(dice, number, odd):
    some = (dice.choice(ODD if dice.random() < odd else USUAL).encode() for _ in range(number))
    return b"".join(line + (b"\xff\n" if dice.random() < odd / 20 else b"\n") for line in some)


def changed(dice, data):
    """The data as it may lie there the next time."""
    more = lines(dice, dice.choice((1, 1, 5, 60, 300)), dice.choice((0, 0, 0.1, 0.5)))
    place = dice.randrange(len(data))
    return dice.choice(
        (
            *(data + more,) * 5,
            data + more.rstrip(),
            data[:place] + more,
            data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] + more,
            data[place:],
            more + data,
            data[:place],
        )
    )


def everything(survey):
    return survey, list(survey.types), survey.fixed and list(survey.fixed.types)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(line_survey, "LOADER_CHUNK", PIECE)
    monkeypatch.setattr(marks, "LEAST_STRETCH", STRETCH)
    alone = partial(pyarrow.json.ReadOptions, use_threads=False)  # with threads the order of columns is one of chance
    monkeypatch.setattr(pyarrow.json, "ReadOptions", alone)


@pytest.mark.larger
@pytest.mark.parametrize("seed", first(1, range(8)))
def test_what_is_found_is_what_the_whole_file_shows(tmp_path, small, seed):
    dice = random.Random(seed)
    path, taken_up = tmp_path / "data.jsonl", 0
    for _ in range(many(2, 4)):
        data = lines(dice, 400, dice.choice((0, 0, 0.003, 0.03)))
        data = data.rstrip() if dice.random() < 0.3 else data
        path.write_bytes(data)
        checkpoint = survey_file(path).checkpoint
        for _ in range(4):
            before, data = data, changed(dice, data)
            path.write_bytes(data)
            if checkpoint is not None:
                checkpoint = checkpoint_from_plain(json.loads(json.dumps(checkpoint_to_plain(checkpoint))))
            digest, grown = read_again(path, checkpoint)
            same = checkpoint is not None and data[: checkpoint.offset] == before[: checkpoint.offset]
            assert (grown is not None) == same
            taken_up += same
            found, whole = survey_file(path, digest=digest, grown=grown), survey_file(path)
            assert everything(found) == everything(whole)
            checkpoint = found.checkpoint
            if not data:
                break
    assert taken_up


def test_a_stretch_of_another_length_is_marked_anew(tmp_path, small, monkeypatch):
    path = tmp_path / "data.jsonl"
    path.write_bytes(lines(random.Random(1), 400, 0))
    checkpoint = survey_file(path).checkpoint
    monkeypatch.setattr(marks, "MOST_MARKS", 16)
    with path.open("ab") as file:
        file.write(b'{"a":1}\n')
    digest, grown = read_again(path, checkpoint)
    found, whole = survey_file(path, digest=digest, grown=grown), survey_file(path)
    assert grown is not None and everything(found) == everything(whole) and len(found.marks) < 40


@pytest.mark.proof
def test_only_the_last_piece_is_read_again(tmp_path, monkeypatch):
    """By the same run folder, in the loader's own pieces of 10 MiB."""
    row = json.dumps({"messages": [{"role": "user", "content": "x" * 1000}]}) + "\n"
    path = tmp_path / "rows.jsonl"
    path.write_text(row * 21_000)
    registry = tmp_path / "dataset_info.json"
    registry.write_text(json.dumps({"it": {"file_name": path.name, "formatting": "sharegpt"}}))
    settings = Settings(dataset_info=str(registry))
    read, read_table = [], line_survey._read_table
    monkeypatch.setattr(
        line_survey, "_read_table", lambda chunk, result: [read.append(1), read_table(chunk, result)][1]
    )

    def opened():
        read.clear()
        entry = open_entries(load_registry(registry), settings, cache=Cache(tmp_path / "cache", "program"))[0]
        return entry.files[0].survey, len(read)

    assert opened()[1] == 3
    for late in (row, row.rstrip(), '{"messages": 7}\n'):
        with path.open("a") as file:
            file.write(late)
        survey, pieces = opened()
        whole = survey_file(path)
        whole.checkpoint = None
        assert everything(survey) == everything(whole) and pieces == 1
    assert survey.num_refusals


@pytest.mark.parametrize("beyond", first(2, [0, 8, -1, 1, 7, 9]))
@pytest.mark.parametrize("more", [b'{"b":2}\n', b'}{"a":2}\n', b"\n", b"5}\n"])
def test_a_file_that_ended_where_the_loader_ends_a_piece(tmp_path, small, beyond, more):
    path = tmp_path / "data.jsonl"
    path.write_bytes((b'{"a":1}\n' * PIECE)[: 2 * PIECE + 8 + beyond])
    checkpoint = survey_file(path).checkpoint
    with path.open("ab") as file:
        file.write(more)
    digest, grown = read_again(path, checkpoint)
    found, whole = survey_file(path, digest=digest, grown=grown), survey_file(path)
    assert grown is not None and everything(found) == everything(whole)
