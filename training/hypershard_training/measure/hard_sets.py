"""Public test sets that are hard for vectors, from the files that their authors publish to BEIR's layout.

    python -m hypershard_training.measure.hard_sets limit data/limit-small --out limit-small
    python -m hypershard_training.measure.hard_sets birco datasets/relic/test_set.pickle --out birco-relic
    python -m hypershard_training.measure.hard_sets condaqa data/condaqa_dev.json --out condaqa

Needs Python alone. What the sets are, and where their files are, is in docs/evaluation.md; nothing of them is part of the project.
"""

import argparse
import json
import pickle
import re
import struct
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class HardSetError(Exception):
    """A file that is not what its authors publish; the message says which, where, and what is expected."""


@dataclass(frozen=True)
class Collection:
    """Texts by id, and grades by query and document. Documents have no titles."""

    documents: dict[str, str]
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]


def read_limit(folder: Path) -> Collection:
    """LIMIT (arXiv 2508.21038): JSON lines in ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.jsonl``; 46 documents in the small one.

    Each query has two relevant documents, and nearly every pair of documents is a query's.
    """
    judgements: dict[str, dict[str, int]] = {}
    for where, line in _json_lines(folder / "qrels.jsonl"):
        query, document, score = (_member(line, name, where) for name in ("query-id", "corpus-id", "score"))
        judgements.setdefault(_id(query), {})[_id(document)] = _grade(score, where)
    documents, queries = (
        {_id(_member(line, "_id", where)): _text(line, "text", where) for where, line in _json_lines(folder / name)}
        for name in ("corpus.jsonl", "queries.jsonl")
    )
    return Collection(documents, queries, judgements)


def read_birco(path: Path) -> Collection:
    """A BIRCO set (arXiv 2402.14151): a pickle of ``query``, ``corpus`` and ``qrel``, all by id.

    A pickle may run code when it is read; this one is refused unless it is made of texts, numbers and collections.
    The paper ranks each query's own pool of about 50 candidates, here it is the corpus of all, which is harder.
    """
    try:
        with path.open("rb") as file:
            content = _PlainUnpickler(file).load()
    except HardSetError as error:
        raise HardSetError(f"{path}: {error}") from error
    except (OSError, EOFError, ValueError, pickle.UnpicklingError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise HardSetError(f"{path}: cannot be read as a pickle: {error}; copy it again") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(name), dict) for name in ("query", "corpus", "qrel")):
        raise HardSetError(f"{path}: has no query, corpus and qrel by id; give a test_set.pickle of BIRCO")
    judgements = {
        _id(query): {_id(document): _grade(score, f"{path}, qrel of {query}") for document, score in own.items()}
        for query, own in content["qrel"].items()
    }
    return Collection(_texts(content["corpus"], path), _texts(content["query"], path), judgements)


def read_condaqa(path: Path) -> Collection:
    """CondaQA (arXiv 2211.00295): questions whose answer turns with a negation, each asked of edits of one paragraph.

    A document is a paragraph in one of its edits, a query is a question, and relevant are the paragraphs by which the answer is YES.
    Those of the same group by which it is not have grade 0: to rank them below, a model must see what is negated. A question that
    all or none of its paragraphs say YES to is left out.
    """
    documents: dict[str, str] = {}
    queries: dict[str, str] = {}
    judgements: dict[str, dict[str, int]] = {}
    for where, line in _json_lines(path):
        group, edit, question = (_member(line, name, where) for name in ("PassageID", "PassageEditID", "QuestionID"))
        document, query = _id(f"p{group}-{edit}"), _id(f"p{group}-{question}")
        documents[document] = _text(line, "sentence1", where)
        queries[query] = _text(line, "sentence2", where)
        judgements.setdefault(query, {})[document] = int(_text(line, "label", where).strip().upper() == "YES")
    kept = {query: own for query, own in judgements.items() if 0 < sum(own.values()) < len(own)}
    return Collection(documents, {query: queries[query] for query in kept}, kept)


READERS: dict[str, Callable[[Path], Collection]] = {"limit": read_limit, "birco": read_birco, "condaqa": read_condaqa}


def write_beir(collection: Collection, folder: Path, split: str = "test") -> None:
    """``corpus.jsonl``, ``queries.jsonl`` and ``qrels/<split>.tsv``; a grade of a document that is not there is left out."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    _write_lines(
        folder / "corpus.jsonl", ({"_id": name, "title": "", "text": text} for name, text in collection.documents.items())
    )
    _write_lines(folder / "queries.jsonl", ({"_id": name, "text": text} for name, text in collection.queries.items()))
    with (folder / "qrels" / f"{split}.tsv").open("w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        for query, own in collection.judgements.items():
            for document, grade in own.items():
                if query in collection.queries and document in collection.documents:
                    file.write(f"{query}\t{document}\t{grade}\n")


class _ScalarType:
    """Stands for numpy's type of a number or text, as ``i8``, ``f4`` or ``U7``; its state is of numpy's own concern."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code

    def __setstate__(self, state: object) -> None:
        """The sets are little-endian, as nearly all machines are."""


def _scalar(kind: _ScalarType, content: bytes) -> int | float | str:
    if re.fullmatch(r"U\d+", kind.code):
        return content.decode("utf-32-le").rstrip("\0")
    formats = {"i8": "<q", "i4": "<i", "i2": "<h", "f8": "<d", "f4": "<f"}
    if kind.code not in formats or len(content) != struct.calcsize(formats[kind.code]):
        raise HardSetError(f"has a value of type {kind.code}, which is neither a grade nor an id; copy it again")
    return struct.unpack(formats[kind.code], content)[0]


class _PlainUnpickler(pickle.Unpickler):
    """Calls nothing but what stands for numpy's numbers and texts, as which some ids and grades are stored."""

    _OWN: ClassVar = {
        ("numpy", "dtype"): _ScalarType,
        ("numpy.core.multiarray", "scalar"): _scalar,
        ("numpy._core.multiarray", "scalar"): _scalar,
    }

    def find_class(self, module: str, name: str) -> Callable:
        own = self._OWN.get((module, name))
        if own is None:
            raise HardSetError(f"wants {module}.{name}, and a set of texts needs no code; do not read it")
        return own


def _json_lines(path: Path) -> Iterator[tuple[str, dict]]:
    """Each line's object, and where it stands."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise HardSetError(f"{path}: cannot be read: {error}; give the set's own files") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            content = json.loads(line)
        except ValueError as error:
            raise HardSetError(f"{where}: is not JSON: {error}; copy the file again") from error
        if not isinstance(content, dict):
            raise HardSetError(f"{where}: is no JSON object; give the set's own files")
        yield where, content


def _member(line: dict, name: str, where: str) -> object:
    if name not in line:
        raise HardSetError(f"{where}: has no {name}; give the set's own files")
    return line[name]


def _text(line: dict, name: str, where: str) -> str:
    value = _member(line, name, where)
    if not isinstance(value, str):
        raise HardSetError(f"{where}: {name} is no text; give the set's own files")
    return value


def _texts(by_id: dict, path: Path) -> dict[str, str]:
    for name, text in by_id.items():
        if not isinstance(text, str):
            raise HardSetError(f"{path}: {name} is no text; give a test_set.pickle of BIRCO")
    return {_id(name): text for name, text in by_id.items()}


def _id(value: object) -> str:
    """Without white space, which a TREC run cannot hold: LIMIT's documents are named for people."""
    return "-".join(str(value).split())


def _grade(score: object, where: str) -> int:
    """Judgements of the layout are whole numbers."""
    if isinstance(score, (int, float)) and score == int(score):
        return int(score)
    raise HardSetError(f"{where}: the grade is {score!r}, no whole number; give the set's own files")


def _write_lines(path: Path, lines: Iterator[dict]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=list(READERS), help="which set it is")
    parser.add_argument("source", type=Path, help="its file, or of LIMIT the folder")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    arguments = parser.parse_args()
    try:
        collection = READERS[arguments.set](arguments.source)
        write_beir(collection, arguments.out)
    except (HardSetError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: {len(collection.documents):,} documents, {len(collection.queries):,} queries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
