"""Texts to token ids, by a backbone's own tokenizer; texts that came as ids are only cut."""

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from hypershard_training.train.source import Text


class TextTokenizer:
    """The tokenizer of ``file`` (a tokenizer.json), without padding."""

    def __init__(self, file: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()

    def ids(self, texts: list[Text], prefix: str, tokens_max: int) -> list[list[int]]:
        """At most ``tokens_max`` ids of each text after ``prefix``; ids that were packed have their prefix already."""
        self._tokenizer.enable_truncation(tokens_max)
        plain = [row for row, text in enumerate(texts) if isinstance(text, str)]
        ids = [[] if isinstance(text, str) else cut_ids(text, tokens_max) for text in texts]
        for row, encoding in zip(plain, self._tokenizer.encode_batch([prefix + texts[row] for row in plain]), strict=True):
            ids[row] = encoding.ids
        return ids


def cut_ids(ids: np.ndarray, tokens_max: int) -> list[int]:
    """As the tokenizer cuts: what is left of the text, then the last id, which closes every text."""
    return ids.tolist() if len(ids) <= tokens_max else [*ids[: tokens_max - 1].tolist(), int(ids[-1])]
