"""Train a tagger: read → make examples → encode → step → choose the threshold."""

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from hypershard_training.interpret.encode_texts import QueryEncoder, ReadText
from hypershard_training.interpret.make_examples import Example, ExampleMaker, plain
from hypershard_training.interpret.read_material import Material
from hypershard_training.interpret.tagger import Tagger, interpret
from hypershard_training.interpret.wordings import TRAINED

#: Of tokens that no tag is learnt of.
NO_TAG = -100


@dataclass(frozen=True)
class TaggerSettings:
    """One run of AdamW: of 128 texts a step, 700 steps were too few to find most disjunctions."""

    seed: int = 0
    examples: int = 22_000
    epochs: int = 24
    batch: int = 64
    learning_rate: float = 2e-3
    #: Real queries of the train splits that are not trained on: of these at most this share is split at the threshold.
    plain_split_max: float = 0.0005
    #: The same of those that have an "or".
    plain_or_split_max: float = 0.02
    #: At least; where nearly all texts that are one need get less, confidence still tells how a disjunction is read.
    threshold_min: float = 0.5


@dataclass(frozen=True)
class TrainedTagger:
    """``report`` tells what the validation found."""

    tagger: Tagger
    threshold: float
    report: dict


def train_tagger(
    encoder: QueryEncoder, material: list[Material], settings: TaggerSettings, cache: Path, tell: Callable[[str], None]
) -> TrainedTagger:
    """A tagger for the encoder's states. The same material and settings give the same on one machine."""
    torch.manual_seed(settings.seed)
    trained_on, held_out = _hold_out(material, settings.seed)
    maker = ExampleMaker(trained_on, TRAINED, settings.seed)
    examples = [maker.draw() for _ in range(settings.examples)]
    # Everything that has an "or" and is one need is seen once: there is less of it than of anything else.
    examples += [plain(text) for own in trained_on for text in own.with_or]
    read = encoder.read([example.text for example in examples])
    whole = [place for place, text in enumerate(read) if not text.truncated]
    examples, read = [examples[place] for place in whole], [read[place] for place in whole]
    states = encoder.cached_states([text.ids for text in read], cache, tell)
    targets = [_tags_of(example, text) for example, text in zip(examples, read, strict=True)]
    tagger = Tagger(encoder.width)
    wanted = Wanted(targets, np.array([example.disjunction for example in examples], np.float32))
    _fit(tagger, states, wanted, settings, _checkpoint(cache, encoder, [text.ids for text in read], settings), tell)
    return _with_threshold(tagger.eval(), held_out, settings, lambda texts: _read_all(encoder, texts, cache, tell), tell)


def _hold_out(material: list[Material], seed: int) -> tuple[list[Material], list[Material]]:
    """A tenth of the queries is for the threshold; concepts are trained on, as each is in many queries."""
    trained, held = [], []
    for own in material:
        chance = random.Random(f"{seed} {own.name} held out")
        kept = {text for text in sorted({*own.queries, *own.with_or}) if chance.random() < 0.1}
        for target, wanted in ((trained, False), (held, True)):
            queries = [text for text in own.queries if (text in kept) == wanted]
            with_or = [text for text in own.with_or if (text in kept) == wanted]
            target.append(dataclasses.replace(own, queries=queries, with_or=with_or))
    return trained, held


def _tags_of(example: Example, read: ReadText) -> npt.NDArray[np.int64]:
    """Of each token its word's tag."""
    tags = np.full(len(read.ids), NO_TAG, np.int64)
    for word in read.words:
        tags[list(word.tokens)] = example.tag_at(word.begin)
    return tags


@dataclass(frozen=True)
class Wanted:
    """What is to be said of each text: its tokens' tags, and whether it is a disjunction."""

    tags: list[npt.NDArray[np.int64]]
    disjunction: npt.NDArray[np.float32]


def _checkpoint(cache: Path, encoder: QueryEncoder, ids: list[list[int]], settings: TaggerSettings) -> Path:
    """Where a run of these texts and settings is after each epoch."""
    key = hashlib.sha256(json.dumps([encoder.sha256, ids, dataclasses.asdict(settings)]).encode()).hexdigest()
    return cache / f"tagger-{key[:32]}.pt"


def _fit(
    tagger: Tagger,
    states: list[npt.NDArray[np.float16]],
    wanted: Wanted,
    settings: TaggerSettings,
    checkpoint: Path,
    tell: Callable[[str], None],
) -> None:
    """A run that was stopped goes on after its last whole epoch, and ends with the same weights."""
    steps = settings.epochs * (len(states) // settings.batch)
    optimiser = torch.optim.AdamW(tagger.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=steps + 1)
    first = 0
    if checkpoint.exists():
        first, torch_state, *saved = torch.load(checkpoint)
        torch.set_rng_state(torch_state)
        for part, own in zip((tagger, optimiser, schedule), saved, strict=True):
            part.load_state_dict(own)
    tagger.train()
    for epoch in range(first, settings.epochs):
        losses = []
        for rows in _batches([len(text) for text in states], settings.batch, random.Random(f"{settings.seed} {epoch}")):
            loss = _loss(tagger, [states[row] for row in rows], [wanted.tags[row] for row in rows], wanted.disjunction[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(tagger.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        tell(f"epoch {epoch + 1} of {settings.epochs}: loss {np.mean(losses):.4f}")
        parts = [part.state_dict() for part in (tagger, optimiser, schedule)]
        torch.save([epoch + 1, torch.get_rng_state(), *parts], checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").replace(checkpoint)


def _loss(
    tagger: Tagger,
    states: list[npt.NDArray[np.float16]],
    tags: list[npt.NDArray[np.int64]],
    disjunction: npt.NDArray[np.float32],
) -> torch.Tensor:
    pad = torch.nn.utils.rnn.pad_sequence
    padded = pad([torch.from_numpy(own).float() for own in states], batch_first=True)
    wanted = pad([torch.from_numpy(own) for own in tags], batch_first=True, padding_value=NO_TAG)
    log_tags, odds = tagger(padded, torch.tensor([len(own) for own in states]))
    loss = torch.nn.functional.nll_loss(log_tags.transpose(1, 2), wanted, ignore_index=NO_TAG)
    return loss + torch.nn.functional.binary_cross_entropy_with_logits(odds, torch.from_numpy(disjunction))


def _batches(lengths: list[int], size: int, chance: random.Random) -> Iterable[list[int]]:
    """Whole batches of texts that are about as long, in an order that is drawn."""
    order = sorted(range(len(lengths)), key=lambda row: (lengths[row] + 4 * chance.random(), row))
    batches = [order[start : start + size] for start in range(0, len(order) - size + 1, size)]
    chance.shuffle(batches)
    return batches


#: Texts, as they are read, and the states of each.
StatesOf = Callable[[list[str]], Iterable[tuple[ReadText, npt.NDArray[np.float16]]]]


def _read_all(
    encoder: QueryEncoder, texts: list[str], cache: Path, tell: Callable[[str], None]
) -> Iterable[tuple[ReadText, npt.NDArray[np.float16]]]:
    read = encoder.read(texts)
    return zip(read, encoder.cached_states([text.ids for text in read], cache, tell), strict=True)


@torch.inference_mode()
def _confidences(tagger: Tagger, texts: list[str], states_of: StatesOf) -> npt.NDArray[np.float64]:
    """As the encoder service does: each text alone, and none that was cut."""
    found = []
    for text, states in states_of(texts):
        log_tags, odds = tagger(torch.from_numpy(states).float()[None])
        sure = interpret(log_tags[0].numpy(), float(odds[0]), text.words).confidence
        found.append(0.0 if text.truncated else sure)
    return np.array(found)


def _with_threshold(
    tagger: Tagger, held_out: list[Material], settings: TaggerSettings, states_of: StatesOf, tell: Callable[[str], None]
) -> TrainedTagger:
    """The least confidence at which nearly no held-out query that is one need would be split."""
    chance = random.Random(settings.seed)
    natural = sorted({text for own in held_out for text in own.queries})
    natural = chance.sample(natural, min(3_000, len(natural)))
    with_or = sorted({text for own in held_out for text in own.with_or})
    with_or = chance.sample(with_or, min(1_000, len(with_or)))
    maker = ExampleMaker(held_out, TRAINED, f"{settings.seed} validation")
    joined = [maker.disjunction() for _ in range(600)]
    sure = {
        name: _confidences(tagger, texts, states_of)
        for name, texts in (("plain", natural), ("plain with or", with_or), ("joined", [one.text for one in joined]))
    }
    threshold = max(
        settings.threshold_min,
        _least(sure["plain"], settings.plain_split_max),
        _least(sure["plain with or"], settings.plain_or_split_max),
    )
    report = {"threshold": threshold}
    for name, own in sure.items():
        report[name] = {"texts": len(own), "split": int((own >= threshold).sum())}
    tell(f"validation: {report}")
    return TrainedTagger(tagger, threshold, report)


def _least(confidences: npt.NDArray[np.float64], share: float) -> float:
    """In hundredths, at which at most this share is as sure."""
    if len(confidences) == 0:
        return 0.0
    steps = (step / 100 for step in range(1, 100))
    return next((step for step in steps if (confidences >= step).mean() <= share), 0.99)
