"""Bad texts, judgements and settings are told with their place."""

from pathlib import Path

import pytest

from hypershard_training.training.read_sources import read_source
from hypershard_training.training.settings import SourceSettings, load_settings
from hypershard_training.training.training_error import TrainingError

GOOD = '{"query": "q", "positive": "p"}'


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "pairs.jsonl:2: the line is empty"),
        ("{", "pairs.jsonl:2: not JSON"),
        ("[1]", r"pairs.jsonl:2: a JSON object is expected, not \[1\]"),
        ('{"positive": "p"}', "pairs.jsonl:2: 'query' must be a string with text"),
        ('{"query": " ", "positive": "p"}', "pairs.jsonl:2: 'query' must be"),
        ('{"query": "q"}', "pairs.jsonl:2: 'positive' must be"),
        ('{"query": "q", "positive": []}', "pairs.jsonl:2: 'positive' must be"),
        ('{"query": "q", "positive": ["p", 3]}', "pairs.jsonl:2: 'positive' has 3"),
        ('{"query": "q", "positive": "p", "scores": [1, 2]}', "pairs.jsonl:2: 'scores' must be 1 numbers"),
        ('{"query": "' + "x" * 1_000_000 + '", "positive": "p"}', "pairs.jsonl:2: the line is over 1,000,000 bytes"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(f"{GOOD}\n{line}\n{GOOD}\n")
    with pytest.raises(TrainingError, match=problem):
        read_source(SourceSettings("s", pairs=str(path)))


def test_pairs_share_equal_documents_and_keep_their_scores(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"query": "a", "positive": ["x", "y"], "negatives": ["z"], "scores": [3, 2, 1]}\n{"query": "b", "positive": "z"}\n'
    )
    source = read_source(SourceSettings("s", pairs=str(path)))
    assert source.documents == ["x", "y", "z"]
    assert (source.positives, source.negatives, source.scores) == ([[0, 1], [2]], {0: [2]}, {0: [3.0, 2.0, 1.0]})


def _collection(folder: Path, judgements: str) -> SourceSettings:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text(
        '{"_id": "d1", "title": "T", "text": "one"}\n{"_id": "d2", "title": "", "text": "two"}\n'
    )
    (folder / "queries.jsonl").write_text('{"_id": "q1", "text": "first"}\n{"_id": "q2", "text": "second"}\n')
    (folder / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judgements}")
    return SourceSettings("s", collection=str(folder))


def test_a_collection_counts_judgements_of_unknown_ids(tmp_path: Path) -> None:
    source = read_source(_collection(tmp_path, "q1\td1\t1\nq1\td9\t1\nq2\td2\t0\nq7\td1\t1\n"))
    assert (source.documents, source.queries, source.positives) == (["T one", "two"], ["first"], [[0]])
    assert source.unknown_judgements == 2


def test_judgements_that_all_name_unknown_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no query has a positive document"):
        read_source(_collection(tmp_path, "q7\td1\t1\n"))


def test_a_bad_judgement_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"train.tsv:3: expected query-id, corpus-id and a number"):
        read_source(_collection(tmp_path, "q1\td1\t1\nq1 d1 1\n"))


def test_all_problems_of_a_configuration_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: a, pair: x}]\nmodel: {depth: two}\noptimise: {step: 5, batch: 1}\n")
    with pytest.raises(TrainingError) as caught:
        load_settings(path, [])
    for problem in ("did you mean pairs?", "model.depth must be a whole number", "did you mean steps?"):
        assert problem in str(caught.value)


def test_overrides_are_checked_like_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: a, pairs: x}]\n")
    assert load_settings(path, ["model.depth=4"]).model.depth == 4
    with pytest.raises(TrainingError, match="model.depth must be 0 to 16"):
        load_settings(path, ["model.depth=40"])
    with pytest.raises(TrainingError, match="expected key.path=value"):
        load_settings(path, ["model.depth"])
