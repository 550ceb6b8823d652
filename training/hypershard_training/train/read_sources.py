"""Reads the texts and judgements that a training configuration names.

Three forms: token ids that ``pack`` wrote, a BEIR folder (``corpus.jsonl``, ``queries.jsonl``, ``qrels/<split>.tsv``), and a file of pairs whose lines are
``{"query": …, "positive": … or […], "negatives": […], "scores": […]}``. Texts are numbered from 0 in file order; everything after
this speaks of numbers only. Lines of pairs with the same query are one query: what one line calls relevant is no negative of another.
"""

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path

from hypershard_training.train.packed_source import read_packed_source
from hypershard_training.train.read_jsonl import read_jsonl, text_member, texts_member
from hypershard_training.train.settings import SourceSettings
from hypershard_training.train.source import Source, Text
from hypershard_training.train.training_error import TrainingError


def read_source(settings: SourceSettings) -> Source:
    """Read one source; everything wrong in it is a ``TrainingError`` that names the file and line."""
    if settings.packed:
        source = read_packed_source(settings)
    else:
        source = _read_pairs(settings) if settings.pairs else _read_collection(settings)
    if not source.queries:
        raise TrainingError(f"source {source.name}: no query has a positive document; check the split and documentsMax")
    return source


def _read_collection(settings: SourceSettings) -> Source:
    folder = Path(settings.collection)
    judged = _read_judgements(folder / "qrels" / f"{settings.split}.tsv")
    kept = {document for documents in judged.values() for document in documents} if settings.keep_judged else set()
    document_ids, documents = _read_documents(folder / "corpus.jsonl", settings.documents_max, kept)
    queries: dict[str, str] = {}
    positives: list[list[int]] = []
    known_queries: set[str] = set()
    unknown = 0
    for path, number, line in _lines(folder / "queries.jsonl"):
        identifier = text_member(path, number, line, "_id")
        if identifier not in judged:
            continue
        if identifier in known_queries:
            raise TrainingError(f"{path}:{number}: query {identifier!r} is there twice; keep one of them")
        known_queries.add(identifier)
        found = [document_ids[document] for document in judged[identifier] if document in document_ids]
        unknown += len(judged[identifier]) - len(found)
        if found and len(queries) < settings.queries_max:
            queries[identifier] = text_member(path, number, line, "text")
            positives.append(found)
    unknown += sum(len(documents) for query, documents in judged.items() if query not in known_queries)
    return Source(
        settings.name,
        settings.weight,
        documents,
        list(queries.values()),
        positives,
        unknown_judgements=unknown,
        vectors=settings.vectors,
        document_ids=list(document_ids),
        query_ids=list(queries),
    )


def _read_documents(path: Path, documents_max: int, kept: set[str]) -> tuple[dict[str, int], list[str]]:
    """Numbers by id, and texts: the first ``documents_max`` of the file and those of ``kept`` wherever they are."""
    numbers: dict[str, int] = {}
    documents: list[str] = []
    for _, number, line in _lines(path):
        full = len(documents) >= documents_max
        if full and not kept:
            break
        identifier = text_member(path, number, line, "_id")
        if full and identifier not in kept:
            continue
        if identifier in numbers:
            raise TrainingError(f"{path}:{number}: document {identifier!r} is there twice; keep one of them")
        title = text_member(path, number, line, "title", optional=True)
        # A collection may hold an empty document (Cranfield has one), which is ranked like any other.
        text = text_member(path, number, line, "text", optional="text" in line or bool(title))
        numbers[identifier] = len(documents)
        documents.append(" ".join(part for part in (title, text) if part))
    return numbers, documents


def _read_judgements(path: Path) -> dict[str, list[str]]:
    """BEIR's three columns, with or without its header line; judgements of 0 or less are not positives."""
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line.rstrip("\r\n") for line in file]
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read: {error}; check the collection and its split") from error
    judged: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        columns = line.split("\t")
        if number == 1 and len(columns) == 3 and not _is_number(columns[2]):
            continue
        try:
            query, document, grade = columns[0], columns[1], float(columns[2])
        except (IndexError, ValueError) as error:
            raise TrainingError(f"{path}:{number}: expected query-id, corpus-id and a number, separated by tabs") from error
        if grade > 0:
            judged.setdefault(query, []).append(document)
    return judged


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_pairs(settings: SourceSettings) -> Source:
    path = Path(settings.pairs)
    source = Source(settings.name, settings.weight, [], [], [])
    documents: dict[str, int] = {}
    queries: dict[str, int] = {}
    for _, number, line in _lines(path):
        text = text_member(path, number, line, "query")
        positives = texts_member(path, number, line, "positive")
        negatives = texts_member(path, number, line, "negatives", optional=True)
        scores = _scores(path, number, line, len(positives) + len(negatives))
        if both := set(positives) & set(negatives):
            raise TrainingError(f"{path}:{number}: {min(both)[:60]!r} is both a positive and a negative; keep it in one of them")
        if text not in queries and len(queries) == settings.queries_max:
            continue
        query = queries.setdefault(text, len(queries))
        if query == len(source.queries):
            source.queries.append(text)
            source.positives.append([])
        judged = [_number_of(document, documents, source.documents) for document in [*positives, *negatives]]
        _add_new(source.positives[query], judged[: len(positives)])
        if negatives:
            _add_new(source.negatives.setdefault(query, []), judged[len(positives) :])
        if scores:
            source.scores.setdefault(query, {}).update(zip(judged, scores, strict=True))
    for query, negatives in source.negatives.items():
        negatives[:] = [document for document in negatives if document not in source.positives[query]]
    return source


def _number_of(text: str, numbers: dict[str, int], documents: list[str]) -> int:
    if text not in numbers:
        numbers[text] = len(documents)
        documents.append(text)
    return numbers[text]


def _add_new(numbers: list[int], more: list[int]) -> None:
    numbers.extend(number for number in dict.fromkeys(more) if number not in numbers)


def _scores(path: Path, number: int, line: dict, count: int) -> list[float]:
    value = line.get("scores", [])
    listed = value if isinstance(value, list) else [None]
    wrong = any(not isinstance(score, int | float) or isinstance(score, bool) or not math.isfinite(score) for score in listed)
    if "scores" in line and (wrong or len(listed) != count):
        raise TrainingError(f"{path}:{number}: 'scores' must be {count} numbers, one for each positive, then each negative")
    return [float(score) for score in listed]


def _lines(path: Path) -> Iterable[tuple[Path, int, dict]]:
    for number, line in read_jsonl(path):
        yield path, number, line


def digest_of_texts(texts: Iterable[Text]) -> str:
    """SHA-256 (hex) of texts in their order; the key of what is computed from them."""
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode() if isinstance(text, str) else text.tobytes()
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()
