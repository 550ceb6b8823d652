"""Real texts to make examples of: the queries of collections' train splits, and the concepts that some of them ask about."""

import random
import re
from dataclasses import dataclass
from pathlib import Path

from hypershard_training.train.read_jsonl import read_jsonl, text_member
from hypershard_training.train.training_error import TrainingError

#: Longer queries leave no room for a second one in what the encoder reads.
CHARACTERS_MAX = 200
#: Of a collection, drawn anew for each seed; all that have an "or" are read beside them.
QUERIES_MAX = 12_000
OR = re.compile(r"\b(?:or|either|alternatively)\b", re.IGNORECASE)
#: A question form of many questions that differ in what they ask about: at least so many share a beginning or an end.
FORM_QUERIES_MIN = 6
BEFORE_A_THING = frozenset(
    [
        "a",
        "about",
        "an",
        "are",
        "at",
        "by",
        "did",
        "do",
        "does",
        "for",
        "from",
        "how",
        "in",
        "is",
        "of",
        "on",
        "the",
        "to",
        "was",
        "were",
        "what",
        "with",
    ]
)
AFTER_A_THING = frozenset(["at", "by", "for", "from", "in", "of", "on", "to", "under", "with"])
#: Texts that concepts are read from.
CONCEPT_TEXTS_MAX = 60_000


@dataclass(frozen=True)
class Form:
    """What comes before and behind the thing asked about; either may be empty."""

    head: str
    tail: str


@dataclass(frozen=True)
class Material:
    """Of one collection."""

    name: str
    queries: list[str]
    #: All queries with a word that often joins needs, and does not here: they have one set of judgements.
    with_or: list[str]
    #: Things that are asked about in one form, by the form.
    concepts: dict[Form, list[str]]


def read_material(folder: Path, seed: int) -> Material:
    """Queries of the split ``train``. Raises TrainingError."""
    judged = _judged(folder / "qrels" / "train.tsv")
    found = []
    for number, line in read_jsonl(folder / "queries.jsonl"):
        if text_member(folder / "queries.jsonl", number, line, "_id") in judged:
            text = " ".join(text_member(folder / "queries.jsonl", number, line, "text", optional=True).split())
            if text and len(text) <= CHARACTERS_MAX:
                found.append(text)
    if not found:
        raise TrainingError(f"{folder}: has no query of the split train; name a collection that has one")
    texts = sorted(set(found))
    generator = random.Random(f"{seed} {folder.name}")
    queries = texts if len(texts) <= QUERIES_MAX else generator.sample(texts, QUERIES_MAX)
    with_or = [text for text in texts if OR.search(text)]
    read_for_concepts = texts if len(texts) <= CONCEPT_TEXTS_MAX else generator.sample(texts, CONCEPT_TEXTS_MAX)
    return Material(folder.name, queries, with_or, _concepts(read_for_concepts))


def _judged(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"{path}: cannot be read: {error}; name a collection with a split train") from error
    return {line.split("\t")[0] for line in lines[1:]}


def _concepts(texts: list[str]) -> dict[Form, list[str]]:
    """Texts that begin, or end, alike, where a phrase ends or begins: what is left is the thing asked about."""
    forms: dict[Form, set[str]] = {}
    for own in (text.split(" ") for text in texts if not OR.search(text) and "," not in text):
        for length in range(2, min(6, len(own) - 1)):
            if own[length - 1].lower() in BEFORE_A_THING:
                thing = " ".join(own[length:]).rstrip(" ?.")
                forms.setdefault(Form(" ".join(own[:length]), ""), set()).add(thing)
        for length in range(2, min(4, len(own) - 1)):
            if own[-length].lower() in AFTER_A_THING:
                forms.setdefault(Form("", " ".join(own[-length:]).rstrip(" ?.")), set()).add(" ".join(own[:-length]))
    found = {form: things for form, things in forms.items() if len(things) >= FORM_QUERIES_MIN}
    return {form: sorted(things) for form, things in sorted({**found, **_kinds(found)}.items(), key=repr)}


def _kinds(forms: dict[Form, set[str]]) -> dict[Form, set[str]]:
    """Short things of one kind, which their last word names: "lung" and "breast" of cancer, after each head and alone."""
    kinds: dict[Form, set[str]] = {}
    for form, things in forms.items():
        for thing in things:
            *before, kind = thing.split(" ")
            if form.head and 1 <= len(before) <= 3 and kind.isalpha() and before[-1].lower() not in BEFORE_A_THING:
                for head in (form.head, ""):
                    kinds.setdefault(Form(head, kind), set()).add(" ".join(before))
    return {form: things for form, things in kinds.items() if len(things) >= FORM_QUERIES_MIN}
