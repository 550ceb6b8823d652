"""Texts with the tag of each character: disjunctions made of real queries in many wordings, and texts that are one need."""

import random
from dataclasses import dataclass

from hypershard_training.interpret.labels import PIECES_MAX, Tag
from hypershard_training.interpret.read_material import Form, Material
from hypershard_training.interpret.wordings import ONE_NEED, OTHER_JOINTS, SHARED_HEADS, SHARED_TAILS, Wordings
from hypershard_training.train.training_error import TrainingError

#: How many pieces a disjunction is made of, by weight.
PIECES = {2: 12, 3: 6, 4: 2, 5: 1}
#: A piece longer than this is a third of what the encoder reads.
PIECE_CHARACTERS_MAX = 110
POOL_MIN = 8


@dataclass(frozen=True)
class Example:
    """``parts`` are the text, cut where the tag changes; no tag is that of a blank."""

    parts: tuple[tuple[str, Tag], ...]
    disjunction: bool

    @property
    def text(self) -> str:
        return "".join(part for part, _ in self.parts)

    def tag_at(self, character: int) -> Tag:
        """The tag of a character's word: the first word of a piece begins it."""
        start = 0
        for part, tag in self.parts:
            if character < start + len(part):
                blank = part.find(" ", 0, character - start)
                return Tag.BEGIN if tag == Tag.INSIDE and blank == -1 and _is_first(part, character - start) else tag
            start += len(part)
        raise IndexError(character)


def _is_first(part: str, at: int) -> bool:
    """Whether the character is of the part's first word, which punctuation ends too."""
    first = next((place for place, character in enumerate(part) if not character.isalnum()), len(part))
    return at < max(1, first)


def _is_short(text: str) -> bool:
    return len(text) <= PIECE_CHARACTERS_MAX


def plain(text: str) -> Example:
    """A text that is one need: one piece."""
    return Example(((text, Tag.INSIDE),), disjunction=False)


class ExampleMaker:
    """Draws examples. The same seed, material and wordings give the same."""

    def __init__(self, material: list[Material], wordings: Wordings, seed: int | str) -> None:
        self._material, self._wordings = material, wordings
        self._random = random.Random(seed)
        self._forms = {own.name: list(own.concepts) for own in material}
        #: Collections with short queries enough that pieces are not always the same.
        self._pooled = {own.name for own in material if len({text for text in own.queries if _is_short(text)}) >= POOL_MIN}
        if material and not self._pooled:
            raise TrainingError(
                f"no collection has {POOL_MIN} train queries of at most {PIECE_CHARACTERS_MAX} characters; add one"
            )

    def draw(self) -> Example:
        """A disjunction as often as a text that is none."""
        return self.disjunction() if self._random.random() < 0.5 else self.one_need()

    def disjunction(self) -> Example:
        """Of real queries, of things asked about in one form, or of short concepts with a common head or tail."""
        kind = self._random.random()
        if kind < 0.55:
            return self.joined(self._pieces(self._count()))
        shared = self._shared_form() if kind < 0.85 else self._shared_words()
        return shared or self.joined(self._pieces(self._count()))

    def joined(self, pieces: list[str], form: Form | None = None) -> Example:
        """The pieces, said in a wording that is drawn; with what all of them share."""
        draw, wordings = self._random, self._wordings
        between, last = draw.choice(wordings.joints)
        introduction = draw.choice(wordings.introductions) if draw.random() < 0.4 else ""
        end = draw.choice(wordings.ends) if draw.random() < 0.25 else ""
        if not introduction and between == last == "; ":
            between, last = "; ", "; or "
        parts = [(introduction, Tag.JOIN)]
        if form and form.head:
            parts.append((f"{form.head} ", Tag.SHARED))
        for place, piece in enumerate(pieces):
            if place:
                parts.append((last if place == len(pieces) - 1 else between, Tag.JOIN))
            parts.append((piece, Tag.INSIDE))
        if form and form.tail:
            parts.append((f" {form.tail}", Tag.SHARED))
        parts.append((end, Tag.JOIN))
        return Example(tuple(part for part in parts if part[0]), disjunction=True)

    def one_need(self) -> Example:
        """A query as it is, one that has an "or", queries that something else joins, or an "or" inside of one need."""
        draw, kind = self._random, self._random.random()
        own = self._collection()
        if kind < 0.4:
            return plain(self._altered(draw.choice(own.queries)))
        if kind < 0.65:
            if not own.with_or:
                return self.one_need()
            return plain(self._altered(draw.choice(own.with_or)))
        if kind < 0.85:
            between, last = draw.choice(OTHER_JOINTS)
            pieces = self._pieces(self._count())
            introduction = draw.choice(self._wordings.introductions) if draw.random() < 0.3 else ""
            introduction = (
                "" if "either" in introduction.lower() or "one of" in introduction or "any of" in introduction else introduction
            )
            return plain(introduction + between.join(pieces[:-1]) + last + pieces[-1])
        if kind < 0.9:
            return plain(
                draw.choice(self._wordings.introductions).replace("either ", "") + self._altered(draw.choice(own.queries))
            )
        one, other = self._concept(), self._concept()
        return plain(draw.choice(ONE_NEED).replace("{}", one).replace("{0}", one).replace("{1}", other))

    def _shared_form(self) -> Example | None:
        own = self._collection()
        if not self._forms[own.name]:
            return None
        form = self._random.choice(self._forms[own.name])
        things = sorted({thing for thing in own.concepts[form] if _is_short(thing)})
        count = self._count()
        if len(things) < count:
            return None
        chosen = self._random.sample(things, count)
        mark = "?" if form.head and self._random.random() < 0.3 else ""
        if mark:
            chosen[-1] += mark
        return self._maybe_lower(chosen, form)

    def _shared_words(self) -> Example:
        things = [self._concept() for _ in range(self._count())]
        draw = self._random
        if draw.random() < 0.5:
            return self._maybe_lower(things, Form("", draw.choice(SHARED_TAILS)))
        return self._maybe_lower(things, Form(draw.choice(SHARED_HEADS), ""))

    def _maybe_lower(self, pieces: list[str], form: Form) -> Example:
        if self._random.random() < 0.5:
            return self.joined(pieces, form)
        return self.joined([piece.lower() for piece in pieces], Form(form.head.lower(), form.tail.lower()))

    def _concept(self) -> str:
        """A few words that stand for one thing."""
        for _ in range(100):
            own = self._collection()
            if self._forms[own.name]:
                thing = self._random.choice(own.concepts[self._random.choice(self._forms[own.name])])
                if len(thing.split(" ")) <= 3:
                    return thing.lower()
        return self._altered(self._random.choice(self._collection().queries))

    def _pieces(self, count: int) -> list[str]:
        """Queries of one collection, which a text with an "or" of its own is none of."""
        own = self._collection()
        while own.name not in self._pooled:
            own = self._collection()
        pieces: list[str] = []
        while len(pieces) < count:
            text = self._random.choice(own.queries)
            if _is_short(text) and text not in pieces:
                pieces.append(text)
        lowered = self._random.random() < 0.3
        stripped = self._random.random() < 0.6
        pieces = [piece.rstrip(" ?.") or piece if stripped else piece for piece in pieces]
        return [piece.lower() for piece in pieces] if lowered else [self._altered(piece) for piece in pieces]

    def _altered(self, text: str) -> str:
        """Sometimes without capitals, without its mark, or with a small first letter, as people type."""
        kind = self._random.random()
        if kind < 0.15:
            return text.lower()
        if kind < 0.3:
            return text.rstrip(" ?.") or text
        return text[0].lower() + text[1:] if kind < 0.4 else text

    def _count(self) -> int:
        count = self._random.choices(list(PIECES), list(PIECES.values()))[0]
        return min(count, PIECES_MAX)

    def _collection(self) -> Material:
        return self._random.choice(self._material)
