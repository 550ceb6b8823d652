"""Bad texts, judgements and settings are told with their place."""

from pathlib import Path

import pytest

from hypershard_training.train.read_sources import read_source
from hypershard_training.train.settings import SourceSettings, load_settings, to_plain, with_defaults
from hypershard_training.train.training_error import TrainingError

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
        ('{"query": "q", "positive": "p", "scores": [true]}', "pairs.jsonl:2: 'scores' must be 1 numbers"),
        ('{"query": "q", "positive": "p", "scores": [NaN]}', "pairs.jsonl:2: not JSON: NaN"),
        ('{"query": "q", "positive": "p", "negatives": ["n", "p"]}', "pairs.jsonl:2: 'p' is both a positive and a negative"),
        ("[" * 100_000, "pairs.jsonl:2: not JSON"),
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
    assert (source.positives, source.negatives, source.scores) == ([[0, 1], [2]], {0: [2]}, {0: {0: 3.0, 1: 2.0, 2: 1.0}})


def test_lines_of_one_query_are_one_query(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"query": "a", "positive": "x", "negatives": ["z", "y"], "scores": [3, 2, 1]}\n'
        '{"query": "b", "positive": "y"}\n'
        '{"query": "a", "positive": ["y", "x"]}\n'
    )
    source = read_source(SourceSettings("s", pairs=str(path)))
    assert (source.queries, source.documents) == (["a", "b"], ["x", "z", "y"])
    assert source.positives == [[0, 2], [2]]
    assert source.negatives == {0: [1]}, "what one line calls relevant is no negative of another"
    assert source.scores == {0: {0: 3.0, 1: 2.0, 2: 1.0}}
    assert read_source(SourceSettings("s", pairs=str(path), queries_max=1)).queries == ["a"]


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


def test_judgements_may_come_without_a_header(tmp_path: Path) -> None:
    settings = _collection(tmp_path, "")
    (tmp_path / "qrels" / "train.tsv").write_text("q1\td1\t1\nq2\td2\t1\n")
    assert read_source(settings).positives == [[0], [1]]


def test_a_query_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    settings = _collection(tmp_path, "q1\td1\t1\n")
    with (tmp_path / "queries.jsonl").open("a") as file:
        file.write('{"_id": "q1", "text": "again"}\n')
    with pytest.raises(TrainingError, match=r"queries.jsonl:3: query 'q1' is there twice"):
        read_source(settings)


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


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("model.activation=rellu", "model.activation must be one of relu"),
        ("model.residualOnLast=false", "model.initialise dense needs residual"),
        ("model.depth=[", "is not a value of YAML"),
        ("report.checkpointSteps=0", "checkpointSteps must be above 0"),
        ("optimise.dropout=1", "optimise.dropout must be"),
        ("optimise.learningRate=.nan", "optimise.learningRate must be above 0"),
        ("optimise.hardNegatives=-1", "Negatives must be 0 or more"),
        ("loss.crossEntropy=0", "a part of loss needs a weight above 0"),
        ("loss.scale=0", "loss.scale must be above 0"),
        ("seed=-1", "seed must be 0 or more"),
    ],
)
def test_a_bad_value_is_told(tmp_path: Path, override: str, problem: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: a, pairs: x}]\n")
    with pytest.raises(TrainingError, match=problem):
        load_settings(path, [override])


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("pairs: x, weight: 0", "weight must be above 0"),
        ("pairs: x, documentsMax: 5", "for a collection alone"),
        ("pairs: x, vectors: v.npy", "for a collection alone"),
        ("pairs: x, collection: y", "needs one of collection, pairs and packed"),
    ],
)
def test_a_bad_source_is_told(tmp_path: Path, source: str, problem: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"sources: [{{name: a, {source}}}]\n")
    with pytest.raises(TrainingError, match=problem):
        load_settings(path, [])


def test_a_number_may_be_written_with_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: a, pairs: x}]\noptimise: {learningRate: 1e-4}\n")
    assert load_settings(path, []).optimise.learning_rate == 1e-4


def test_settings_of_an_older_version_gain_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: a, pairs: x}]\n")
    now = to_plain(load_settings(path, []))
    older = {**now, "sources": [{key: value for key, value in now["sources"][0].items() if key != "vectors"}]}
    assert with_defaults(older) == now
