"""Texts to what the tagger reads: token states of a model directory's own query encoder, as the encoder service computes them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from hypershard_training.interpret.labels import Word
from hypershard_training.model.model_directory import MODEL_FILE
from hypershard_training.model.sentence_vectors import open_session, padded
from hypershard_training.train.training_error import TrainingError

#: Texts of one file of the cache: what a killed run computes again.
CHUNK = 2_048
#: Longest of a batch times texts.
TOKENS_A_BATCH_MAX = 4_096


@dataclass(frozen=True)
class ReadText:
    """A text as the encoder reads it, with the special tokens that are of no word."""

    ids: list[int]
    words: list[Word]
    truncated: bool


class QueryEncoder:
    """The tokenizer and the query encoder of a model directory."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        try:
            settings = json.loads((folder / MODEL_FILE).read_text(encoding="utf-8"))
            self.file: str = settings["encoder"]["query"]
            self.width: int = settings["encoder"]["hiddenWidth"]
            self.tokens_max: int = settings["tokenizer"]["maxQueryTokens"]
            self._prefix: str = settings["tokenizer"].get("queryPrefix", "")
            self._tokenizer = Tokenizer.from_file(str(folder / settings["tokenizer"]["file"]))
            #: What the tagger is trained on and answers for: another encoder has other states.
            self.sha256: str = settings["files"][self.file]["sha256"]
        except (OSError, ValueError, KeyError) as error:
            raise TrainingError(f"{folder}: is no model directory: {error}; export a model first") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.tokens_max)
        self._session = open_session(folder / self.file, threads)

    def read(self, texts: list[str]) -> list[ReadText]:
        """Tokens, and the words of the text itself that they make up: what stands between blanks and punctuation."""
        read, before = [], len(self._prefix)
        for encoding in self._tokenizer.encode_batch([self._prefix + text for text in texts]):
            places: dict[int, list[int]] = {}
            for place, word in enumerate(encoding.word_ids):
                if word is not None and encoding.offsets[place][0] >= before:
                    places.setdefault(word, []).append(place)
            words = [
                Word(encoding.offsets[own[0]][0] - before, encoding.offsets[own[-1]][1] - before, tuple(own))
                for own in places.values()
            ]
            read.append(ReadText(encoding.ids, words, bool(encoding.overflowing)))
        return read

    def states(self, ids: list[list[int]]) -> list[npt.NDArray[np.float16]]:
        """Of each text [tokens, width], padding left out."""
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        states: list[npt.NDArray[np.float16]] = [np.zeros((0, self.width), np.float16)] * len(ids)
        start = 0
        while start < len(order):
            rows = order[start : start + max(1, TOKENS_A_BATCH_MAX // len(ids[order[start]]))]
            start += len(rows)
            found = self._session.run(["token_states"], padded([ids[row] for row in rows]))[0].astype(np.float16)
            for row, own in zip(rows, found, strict=True):
                states[row] = own[: len(ids[row])].copy()
        return states

    def cached_states(self, ids: list[list[int]], cache: Path, tell: Callable[[str], None]) -> list[npt.NDArray[np.float16]]:
        """As ``states``, a chunk at a time from and to the folder ``cache``: a run that was stopped goes on."""
        cache.mkdir(parents=True, exist_ok=True)
        states: list[npt.NDArray[np.float16]] = []
        for start in range(0, len(ids), CHUNK):
            own = ids[start : start + CHUNK]
            key = hashlib.sha256((self.sha256 + json.dumps(own)).encode()).hexdigest()
            file = cache / f"states-{key[:32]}.npy"
            if not file.exists():
                part = file.with_suffix(".part.npy")
                np.save(part, np.concatenate(self.states(own)))
                part.rename(file)
                tell(f"encoded {min(start + CHUNK, len(ids)):,} of {len(ids):,} texts")
            whole = np.load(file)
            states += np.split(whole, np.cumsum([len(text) for text in own])[:-1])
        return states
