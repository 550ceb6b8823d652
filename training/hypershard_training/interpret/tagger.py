"""The tagger: a bidirectional GRU on token states, a tag for each token, and how likely the whole is a disjunction."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hypershard_training.interpret.labels import Span, Tag, Word, pieces_of

#: 0.18 million parameters on states of width 384.
HIDDEN = 64


class Tagger(nn.Module):
    """Token states [texts, tokens, width] to the logarithms of the tags' probabilities, and of a disjunction's odds."""

    def __init__(self, width: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.gru = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.tags = nn.Linear(2 * hidden, len(Tag))
        self.disjunction = nn.Linear(2 * hidden, 1)
        self.dropout = nn.Dropout(0.2)

    def forward(self, states: torch.Tensor, lengths: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """``lengths`` [texts] where texts are padded; the odds are read off the largest value of each unit."""
        states = self.dropout(states)
        if lengths is None:
            found, _ = self.gru(states)
            largest = found.amax(1)
        else:
            packed = nn.utils.rnn.pack_padded_sequence(states, lengths, batch_first=True, enforce_sorted=False)
            found, _ = nn.utils.rnn.pad_packed_sequence(self.gru(packed)[0], batch_first=True)
            padding = torch.arange(found.shape[1]) >= lengths[:, None]
            largest = found.masked_fill(padding[..., None], float("-inf")).amax(1)
        return self.tags(self.dropout(found)).log_softmax(-1), self.disjunction(self.dropout(largest))[:, 0]


@dataclass(frozen=True)
class Interpretation:
    """``pieces`` are empty for a text that is one need, or whose tags make no pieces."""

    pieces: list[list[Span]]
    #: Of the pieces: the odds of a disjunction times the probability of the least certain word's tag.
    confidence: float


def interpret(log_tags: npt.NDArray[np.float32], odds: float, words: list[Word]) -> Interpretation:
    """``log_tags`` [tokens, tags] and ``odds`` of one text. A word's tag is that of its first token."""
    found = log_tags[[word.tokens[0] for word in words]].reshape(-1, len(Tag))
    pieces = pieces_of([Tag(int(tag)) for tag in found.argmax(1)], words)
    if not pieces:
        return Interpretation([], 0.0)
    return Interpretation(pieces, float(1 / (1 + np.exp(-odds)) * np.exp(found.max(1).min())))
