"""Hard test sets come out of their authors' files as a collection in BEIR's layout, and what is no such file is told."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from hypershard_training.measure.hard_sets import Collection, HardSetError, read_birco, read_condaqa, read_limit, write_beir


def _write_lines(path: Path, lines: list[dict]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _limit(folder: Path) -> Path:
    people = {"Ann Lee": "Ann Lee likes Quokkas and Limes.", "Bo Ray": "Bo Ray likes Limes.", "Cy": "Cy likes Quokkas."}
    _write_lines(folder / "corpus.jsonl", [{"_id": name, "title": "", "text": text} for name, text in people.items()])
    _write_lines(folder / "queries.jsonl", [{"_id": "query_0", "text": "Who likes Quokkas?"}])
    _write_lines(folder / "qrels.jsonl", [{"query-id": "query_0", "corpus-id": name, "score": 1} for name in ("Ann Lee", "Cy")])
    return folder


def test_limit_is_read_and_its_names_become_ids_without_white_space(tmp_path: Path) -> None:
    collection = read_limit(_limit(tmp_path))
    assert list(collection.documents) == ["Ann-Lee", "Bo-Ray", "Cy"]
    assert collection.queries == {"query_0": "Who likes Quokkas?"}
    assert collection.judgements == {"query_0": {"Ann-Lee": 1, "Cy": 1}}


def test_birco_is_read(tmp_path: Path) -> None:
    content = {
        "query": {1: "an argument"},
        "corpus": {"a": "its counter", "b": "another"},
        "qrel": {1: {np.str_("a"): np.int64(2), "b": 0.0}},
    }
    (tmp_path / "test_set.pickle").write_bytes(pickle.dumps(content))
    expected = Collection({"a": "its counter", "b": "another"}, {"1": "an argument"}, {"1": {"a": 2, "b": 0}})
    assert read_birco(tmp_path / "test_set.pickle") == expected


def test_a_grade_that_is_no_number_of_birco_s_is_told(tmp_path: Path) -> None:
    path = tmp_path / "test_set.pickle"
    path.write_bytes(pickle.dumps({"query": {}, "corpus": {}, "qrel": {1: {"a": np.complex64(1)}}}))
    with pytest.raises(HardSetError, match="value of type c8"):
        read_birco(path)


class _RunsCode:
    def __reduce__(self):
        return (print, ("this must not be printed",))


def test_a_pickle_that_wants_code_is_refused_and_runs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "test_set.pickle"
    path.write_bytes(pickle.dumps({"query": {}, "corpus": {}, "qrel": {}, "more": _RunsCode()}))
    with pytest.raises(HardSetError, match="wants builtins.print"):
        read_birco(path)
    assert capsys.readouterr().out == ""


def _condaqa(path: Path, answers: list[tuple[str, int, str]]) -> Path:
    lines = [
        {
            "QuestionID": question,
            "PassageID": 7,
            "PassageEditID": edit,
            "sentence1": f"edit {edit}",
            "sentence2": f"question {question}",
            "label": label,
        }
        for question, edit, label in answers
    ]
    _write_lines(path, lines)
    return path


def test_condaqa_keeps_the_questions_whose_answer_turns(tmp_path: Path) -> None:
    answers = [("q0", 0, "NO"), ("q0", 3, "yes"), ("q1", 0, "YES"), ("q1", 3, "YES"), ("q2", 0, "NO"), ("q2", 3, "DON'T KNOW")]
    collection = read_condaqa(_condaqa(tmp_path / "dev.json", answers))
    assert collection.documents == {"p7-0": "edit 0", "p7-3": "edit 3"}
    assert collection.queries == {"p7-q0": "question q0"}
    assert collection.judgements == {"p7-q0": {"p7-0": 0, "p7-3": 1}}


def test_a_collection_is_written_in_beir_s_layout(tmp_path: Path) -> None:
    judgements = {"q": {"a": 1, "gone": 1}, "lost": {"a": 1}}
    write_beir(Collection({"a": "Å\nb"}, {"q": "why"}, judgements), tmp_path / "out")
    assert json.loads((tmp_path / "out/corpus.jsonl").read_text()) == {"_id": "a", "title": "", "text": "Å\nb"}
    assert json.loads((tmp_path / "out/queries.jsonl").read_text()) == {"_id": "q", "text": "why"}
    assert (tmp_path / "out/qrels/test.tsv").read_text() == "query-id\tcorpus-id\tscore\nq\ta\t1\n"


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda folder: (folder / "qrels.jsonl").unlink(), "qrels.jsonl: cannot be read"),
        (lambda folder: (folder / "qrels.jsonl").write_text("{"), "qrels.jsonl, line 1: is not JSON"),
        (lambda folder: (folder / "corpus.jsonl").write_text('\n{"_id": "a"}\n'), "corpus.jsonl, line 2: has no text"),
        (lambda folder: (folder / "queries.jsonl").write_text("[]"), "line 1: is no JSON object"),
        (
            lambda folder: (folder / "qrels.jsonl").write_text('{"query-id": "q", "corpus-id": "a", "score": 0.5}'),
            "the grade is 0.5",
        ),
    ],
)
def test_what_is_no_file_of_the_set_is_told_with_its_line(tmp_path: Path, harm, problem: str) -> None:
    harm(_limit(tmp_path))
    with pytest.raises(HardSetError, match=problem):
        read_limit(tmp_path)
