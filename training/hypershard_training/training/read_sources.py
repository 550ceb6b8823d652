"""Reads the texts and judgements that a training configuration names.

Two forms: a BEIR folder (``corpus.jsonl``, ``queries.jsonl``, ``qrels/<split>.tsv``), and a file of pairs whose lines are
``{"query": …, "positive": … or […], "negatives": […], "scores": […]}``. Texts are numbered from 0 in file order; everything after
this speaks of numbers only.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hypershard_training.training.read_jsonl import read_jsonl, text_member, texts_member
from hypershard_training.training.settings import SourceSettings
from hypershard_training.training.training_error import TrainingError


@dataclass(frozen=True)
class Source:
    """Queries with the documents that answer them. ``negatives`` and ``scores`` are empty where the data has none."""

    name: str
    weight: float
    documents: list[str]
    queries: list[str]
    #: Document numbers of each query; never empty.
    positives: list[list[int]]
    #: Hard negatives given by the data, by query number.
    negatives: dict[int, list[int]] = field(default_factory=dict)
    #: Teacher scores of positives then negatives, by query number.
    scores: dict[int, list[float]] = field(default_factory=dict)
    #: Judgements that name a query or document that is not there.
    unknown_judgements: int = 0


def read_source(settings: SourceSettings) -> Source:
    """Read one source; everything wrong in it is a ``TrainingError`` that names the file and line."""
    source = _read_pairs(settings) if settings.pairs else _read_collection(settings)
    if not source.queries:
        raise TrainingError(f"source {source.name}: no query has a positive document; check the split and documentsMax")
    return source


def _read_collection(settings: SourceSettings) -> Source:
    folder = Path(settings.collection)
    judged = _read_judgements(folder / "qrels" / f"{settings.split}.tsv")
    document_ids, documents = _read_documents(folder / "corpus.jsonl", settings.documents_max)
    queries: list[str] = []
    positives: list[list[int]] = []
    known_queries: set[str] = set()
    unknown = 0
    for path, number, line in _lines(folder / "queries.jsonl"):
        identifier = text_member(path, number, line, "_id")
        if identifier not in judged:
            continue
        known_queries.add(identifier)
        found = [document_ids[document] for document in judged[identifier] if document in document_ids]
        unknown += len(judged[identifier]) - len(found)
        if found and len(queries) < settings.queries_max:
            queries.append(text_member(path, number, line, "text"))
            positives.append(found)
    unknown += sum(len(documents) for query, documents in judged.items() if query not in known_queries)
    return Source(settings.name, settings.weight, documents, queries, positives, unknown_judgements=unknown)


def _read_documents(path: Path, documents_max: int) -> tuple[dict[str, int], list[str]]:
    numbers: dict[str, int] = {}
    documents: list[str] = []
    for _, number, line in _lines(path):
        if len(documents) == documents_max:
            break
        identifier = text_member(path, number, line, "_id")
        if identifier in numbers:
            raise TrainingError(f"{path}:{number}: document {identifier!r} is there twice; keep one of them")
        title = text_member(path, number, line, "title", optional=True)
        text = text_member(path, number, line, "text", optional=bool(title))
        numbers[identifier] = len(documents)
        documents.append(" ".join(part for part in (title, text) if part))
    return numbers, documents


def _read_judgements(path: Path) -> dict[str, list[str]]:
    """BEIR's three columns with a header line; judgements of 0 or less are not positives."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read: {error}; check the collection and its split") from error
    judged: dict[str, list[str]] = {}
    for number, line in enumerate(lines[1:], start=2):
        columns = line.split("\t")
        try:
            query, document, grade = columns[0], columns[1], float(columns[2])
        except (IndexError, ValueError) as error:
            raise TrainingError(f"{path}:{number}: expected query-id, corpus-id and a number, separated by tabs") from error
        if grade > 0:
            judged.setdefault(query, []).append(document)
    return judged


def _read_pairs(settings: SourceSettings) -> Source:
    path = Path(settings.pairs)
    numbers: dict[str, int] = {}
    source = Source(settings.name, settings.weight, [], [], [])

    def number_of(text: str) -> int:
        if text not in numbers:
            numbers[text] = len(source.documents)
            source.documents.append(text)
        return numbers[text]

    for _, number, line in _lines(path):
        query = len(source.queries)
        positives = texts_member(path, number, line, "positive")
        negatives = texts_member(path, number, line, "negatives", optional=True)
        source.queries.append(text_member(path, number, line, "query"))
        source.positives.append([number_of(text) for text in positives])
        if negatives:
            source.negatives[query] = [number_of(text) for text in negatives]
        if "scores" in line:
            source.scores[query] = _scores(path, number, line["scores"], len(positives) + len(negatives))
    return source


def _scores(path: Path, number: int, value: object, count: int) -> list[float]:
    numbers = isinstance(value, list) and all(isinstance(score, int | float) for score in value)
    if not numbers or len(value) != count:
        raise TrainingError(f"{path}:{number}: 'scores' must be {count} numbers, one for each positive, then each negative")
    return [float(score) for score in value]


def _lines(path: Path) -> Iterable[tuple[Path, int, dict]]:
    for number, line in read_jsonl(path):
        yield path, number, line


def digest_of_texts(texts: Iterable[str]) -> str:
    """SHA-256 (hex) of texts in their order; the key of what is computed from them."""
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode()
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()
