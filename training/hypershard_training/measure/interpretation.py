"""What an interpreter gives and costs: plain queries, and disjunctions of judged queries in wordings that were held out.

    python -m hypershard_training.measure.interpretation ../models/minilm-dense --collections data --names medquad,cisi

A document's score is an inner product of mean vectors, as of a model whose hyper-head is ``pooled``. Of an interpreted text it is
the largest of its pieces' scores, each standardised by its mean and deviation over the collection. Every positive judgement is a
gain of 1. Document vectors are those of all-MiniLM-L6-v2 in PyTorch, cached.
"""

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch

from hypershard_training.interpret.encode_texts import QueryEncoder
from hypershard_training.interpret.labels import text_of
from hypershard_training.interpret.make_examples import ExampleMaker
from hypershard_training.interpret.tagger import interpret
from hypershard_training.interpret.wordings import HELD_OUT
from hypershard_training.interpret.write_interpreter import INTERPRETER_FILE, INTERPRETER_JSON
from hypershard_training.model.sentence_vectors import open_session
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.read_sources import Source, digest_of_texts, read_source
from hypershard_training.train.settings import EncodeSettings, SourceSettings

CUT = 10
#: Made of each collection's queries, by their number of queries.
JOINED = {2: 300, 3: 200}
NAMES = "arxiv,medquad,techdocs,squad-dev,scifact,cranfield,cisi,cacm,pubmedqa"
SPLITS = {"arxiv": "dev"}


@dataclass(frozen=True)
class Asked:
    """A text, and the documents that answer it."""

    text: str
    relevant: set[int]


class Searcher:
    """One model with its interpreter."""

    def __init__(self, model: Path) -> None:
        self._encoder = QueryEncoder(model)
        self._session: onnxruntime.InferenceSession = open_session(model / INTERPRETER_FILE, 1)
        self.threshold: float = json.loads((model / INTERPRETER_JSON).read_text(encoding="utf-8"))["threshold"]

    def pieces(self, texts: list[str], threshold: float) -> list[list[str]]:
        """Of each text its pieces, none where it stays as it is."""
        read = self._encoder.read(texts)
        found = []
        for text, own, states in zip(texts, read, self._encoder.states([own.ids for own in read]), strict=True):
            log_tags, odds = self._session.run(["log_tags", "odds"], {"token_states": states[None].astype(np.float32)})
            sure = not own.truncated and (read_so := interpret(log_tags[0], float(odds[0]), own.words)).confidence >= threshold
            found.append([text_of(text, piece) for piece in read_so.pieces] if sure else [])
        return found

    def vectors(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit vectors [texts, width]."""
        states = self._encoder.states([own.ids for own in self._encoder.read(texts)])
        means = np.stack([own.astype(np.float32).mean(0) for own in states])
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--collections", type=Path, required=True)
    parser.add_argument("--names", default=NAMES)
    parser.add_argument("--cache", type=Path, default=Path("cache"))
    parser.add_argument("--documents-max", type=int, default=15_000, help="of a larger collection, beside those with a judgement")
    parser.add_argument("--threshold", type=float, help="default: the interpreter's")
    parser.add_argument("--show", type=int, default=0, help="tell so many of the plain queries that are split, and how")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    searcher = Searcher(arguments.model)
    threshold = searcher.threshold if arguments.threshold is None else arguments.threshold
    print(f"threshold {threshold}\ncollection kind texts split as-it-is interpreted change-%", flush=True)
    for name in arguments.names.split(","):
        source = _source(arguments.collections / name, name, arguments.documents_max)
        documents = _document_vectors(source, arguments.cache)
        plain = [Asked(text, set(own)) for text, own in zip(source.queries, source.positives, strict=True)]
        for kind, asked in (("plain", plain), *((f"or of {count}", _joined(name, plain, count)) for count in JOINED)):
            pieces = searcher.pieces([one.text for one in asked], threshold)
            if kind == "plain":
                for one, own in [pair for pair in zip(asked, pieces, strict=True) if pair[1]][: arguments.show]:
                    print(f"  {one.text!r} -> {own}")
            before = _scores([[one.text] for one in asked], asked, searcher, documents)
            after = _scores([own or [one.text] for one, own in zip(asked, pieces, strict=True)], asked, searcher, documents)
            split = sum(map(bool, pieces))
            change = 100 * (after.mean() / before.mean() - 1)
            print(f"{name} {kind} {len(asked)} {split} {before.mean():.4f} {after.mean():.4f} {change:+.2f}", flush=True)


def _source(folder: Path, name: str, documents_max: int) -> Source:
    split = SPLITS.get(name, "test")
    return read_source(SourceSettings(name, str(folder), split=split, documents_max=documents_max, keep_judged=True))


def _document_vectors(source: Source, cache: Path) -> npt.NDArray[np.float32]:
    cache.mkdir(parents=True, exist_ok=True)
    file = cache / f"measured-{source.name}-{digest_of_texts(source.documents)[:32]}.npy"
    if not file.exists():
        np.save(file, Backbone(EncodeSettings(), torch.device("cpu")).document_vectors(source.documents))
    return np.load(file).astype(np.float32)


def _joined(name: str, plain: list[Asked], count: int) -> list[Asked]:
    """Queries that no document answers together, in a wording that was held out."""
    chance = random.Random(f"{name} {count}")
    maker = ExampleMaker([], HELD_OUT, f"{name} {count}")
    joined = []
    for _ in range(JOINED[count]):
        chosen = chance.sample(plain, count)
        relevant = set().union(*(one.relevant for one in chosen))
        if len(relevant) == sum(len(one.relevant) for one in chosen):
            joined.append(Asked(maker.joined([one.text.rstrip(" ?.") for one in chosen]).text, relevant))
    return joined


def _scores(
    leaves: list[list[str]], asked: list[Asked], searcher: Searcher, documents: npt.NDArray[np.float32]
) -> npt.NDArray[np.float64]:
    """nDCG@10 of each text, its score the largest of its leaves'."""
    every = sorted({leaf for own in leaves for leaf in own})
    place = {leaf: at for at, leaf in enumerate(every)}
    vectors, found = searcher.vectors(every), []
    for own, one in zip(leaves, asked, strict=True):
        scores = documents @ vectors[[place[leaf] for leaf in own]].T
        if len(own) > 1:
            scores = (scores - scores.mean(0)) / scores.std(0)
        best = np.argsort(-scores.max(1), kind="stable")[:CUT]
        gains = 1 / np.log2(np.arange(CUT) + 2)
        reached = sum(gain for gain, document in zip(gains, best.tolist(), strict=False) if document in one.relevant)
        found.append(reached / gains[: len(one.relevant)].sum())
    return np.array(found)


if __name__ == "__main__":
    main()
