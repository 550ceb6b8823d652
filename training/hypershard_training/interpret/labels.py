"""What a token of a query is, and how tags become pieces: the same rules as encoder-service/src/interpretation."""

import itertools
from dataclasses import dataclass
from enum import IntEnum

#: An expression of more leaves is refused (proto/limits.ts).
PIECES_MAX = 8


class Tag(IntEnum):
    """Of one token. The order is that of the graph's columns."""

    #: Joins pieces or leads up to them, and is in none: "either", "or", ",", "something about".
    JOIN = 0
    #: Of every piece: before the first one or behind the last one.
    SHARED = 1
    BEGIN = 2
    INSIDE = 3


@dataclass(frozen=True)
class Word:
    """A word of a text: characters ``begin`` to before ``end``, and its tokens' places."""

    begin: int
    end: int
    tokens: tuple[int, ...]


#: Of a text, in characters.
Span = tuple[int, int]


def pieces_of(tags: list[Tag], words: list[Word]) -> list[list[Span]]:
    """The spans of each piece, head and tail included; none where the tags are not those of two pieces or more."""
    runs: list[tuple[Tag, list[Word]]] = []
    for tag, word in zip(tags, words, strict=True):
        kind = Tag.INSIDE if tag == Tag.BEGIN else tag
        if runs and runs[-1][0] == kind and tag != Tag.BEGIN:
            runs[-1][1].append(word)
        else:
            runs.append((kind, [word]))
    places = [place for place, (kind, _) in enumerate(runs) if kind == Tag.INSIDE]
    if not 2 <= len(places) <= PIECES_MAX:
        return []
    first, last = places[0], places[-1]
    # Pieces that nothing joins, a part that all share between them, and a piece that does not begin are mistakes.
    if any(after - before != 2 or runs[before + 1][0] != Tag.JOIN for before, after in itertools.pairwise(places)):
        return []
    begins = {word.begin for word, tag in zip(words, tags, strict=True) if tag == Tag.BEGIN}
    if any(runs[place][1][0].begin not in begins for place in places):
        return []
    head = [_span(own) for kind, own in runs[:first] if kind == Tag.SHARED]
    tail = [_span(own) for kind, own in runs[last + 1 :] if kind == Tag.SHARED]
    return [[*head, _span(runs[place][1]), *tail] for place in places]


def text_of(text: str, spans: list[Span]) -> str:
    """A piece as it is searched with: its spans with a space between."""
    return " ".join(text[begin:end] for begin, end in spans)


def _span(words: list[Word]) -> Span:
    return words[0].begin, words[-1].end
