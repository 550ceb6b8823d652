"""A run that trains a cross-encoder: read → mine → hold out → step, validate, checkpoint → result."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import yaml
from tokenizers import Tokenizer

from hypershard_training.pairs.draw_pairs import Group, PairDrawer
from hypershard_training.pairs.pair_source import PairSource, prepare_pair_source
from hypershard_training.pairs.pair_student import PairStudent
from hypershard_training.pairs.settings import PairSettings, load_pair_settings
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.precision import AUTO, chosen_precision
from hypershard_training.train.progress import Progress
from hypershard_training.train.read_sources import read_source
from hypershard_training.train.run_state import RunState, checkpoints
from hypershard_training.train.settings import to_plain
from hypershard_training.train.train_run import ADAM_BETAS, Stopped
from hypershard_training.train.training_error import TrainingError
from hypershard_training.train.validate import DEPTH, ndcg

#: Where a run leaves the cross-encoder, as transformers saves one.
RESULT_FOLDER = "cross-encoder"
HEADS = ("bert.bert.pooler.", "bert.classifier.")


@dataclass(frozen=True)
class Asked:
    """How a run is to be made, beside its settings."""

    resume: bool
    #: Write the result of the last checkpoint, however far it came.
    finish: bool
    #: Asked after every step.
    stopping: Callable[[], bool]


def train_pairs(settings: PairSettings, folder: Path, asked: Asked) -> dict:
    """Train into ``folder`` and return what ``run.json`` says."""
    started = time.monotonic()
    settings = _with_precision(settings, folder, asked)
    config = to_plain(settings)
    _prepare_folder(folder, config, asked)
    sources = _prepare_sources(settings)
    state = _new_state(settings, sources)
    if written := checkpoints(folder) if asked.resume or asked.finish else []:
        state.restore(written[-1], config, PairSettings)
    elif asked.finish:
        raise TrainingError(f"{folder}: has no checkpoint to finish from; train first")
    progress = Progress(folder, state.step)
    found = _validate(state, settings, progress) if state.step == 0 or asked.finish else {}
    while state.step < settings.optimise.steps and not asked.finish:
        progress.step(state.step + 1, settings.optimise.steps, settings.optimise.batch, _step(state, settings))
        state.step += 1
        last, stop = state.step == settings.optimise.steps, asked.stopping()
        if last or stop or state.step % settings.report.checkpoint_steps == 0:
            state.save(folder, config)
        if stop and not last:
            raise Stopped
        if last or state.step % settings.report.validate_steps == 0:
            found = _validate(state, settings, progress)
    return _save_result(state, settings, folder, found, time.monotonic() - started)


def _with_precision(settings: PairSettings, folder: Path, asked: Asked) -> PairSettings:
    """With ``auto`` replaced by what the run began with where it goes on, else by what this machine is fast at."""
    precision, written = settings.encode.precision, folder / "config.yaml"
    if precision == AUTO and (asked.resume or asked.finish) and written.exists():
        precision = load_pair_settings(written, []).encode.precision
    return replace(settings, encode=replace(settings.encode, precision=chosen_precision(precision, torch.device("cpu"))))


def _prepare_folder(folder: Path, config: dict, asked: Asked) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not (asked.resume or asked.finish) and any(folder.iterdir()):
        raise TrainingError(f"{folder}: is not empty; add --resume to go on with the run in it, or name another folder")
    if not (folder / "config.yaml").exists():
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _prepare_sources(settings: PairSettings) -> list[PairSource]:
    def tell(line: str) -> None:
        print(line, flush=True)

    backbone = Backbone(settings.encode, torch.device("cpu")) if settings.mine.dense else None
    tokenizer = Tokenizer.from_file(str(PairStudent.folder_of(settings) / "tokenizer.json"))
    prepared = []
    for named in settings.sources:
        source = read_source(named)
        tell(f"{source.name}: {len(source.queries):,} queries, {len(source.documents):,} documents")
        prepared.append(prepare_pair_source(source, settings, backbone, tokenizer, tell))
    return prepared


def _new_state(settings: PairSettings, sources: list[PairSource]) -> RunState:
    torch.manual_seed(settings.seed)
    student = PairStudent(settings)
    optimise = settings.optimise
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in student.named_parameters():
        if parameter.requires_grad:
            key = (optimise.weight_decay if parameter.dim() > 1 else 0.0, optimise.head_rate if name.startswith(HEADS) else 1.0)
            groups.setdefault(key, []).append(parameter)
    parts = [{"params": own, "weight_decay": decay, "rate": rate} for (decay, rate), own in groups.items()]
    optimiser = torch.optim.AdamW(parts, lr=optimise.learning_rate, betas=ADAM_BETAS)
    return RunState(student, optimiser, PairDrawer(sources, optimise, settings.seed))


def _step(state: RunState, settings: PairSettings) -> dict[str, float]:
    optimise = settings.optimise
    warm = min(1.0, (state.step + 1) / max(1, optimise.warmup_steps))
    rate = optimise.learning_rate * warm * (1 - state.step / optimise.steps)
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["rate"]
    state.student.train()
    scores = state.student.score_groups(state.drawer.draw(), optimise.tokens_max).view(optimise.batch, -1)
    loss = torch.nn.functional.cross_entropy(scores, torch.zeros(len(scores), dtype=torch.long, device=scores.device))
    if not math.isfinite(loss.item()):
        raise TrainingError(f"step {state.step + 1}: the loss is {loss.item()}; lower the learning rate")
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.student.parameters(), optimise.clip_norm)
    state.optimiser.step()
    state.update_average(optimise.average)
    right = (scores.argmax(1) == 0).float().mean().item()
    return {"loss": loss.item(), "right": right, "learningRate": rate}


@torch.inference_mode()
def _validate(state: RunState, settings: PairSettings, progress: Progress) -> dict[str, float]:
    """nDCG@10 of held-out queries over their candidates by the averaged weights, by source; the weights in training are put back."""
    training = {name: value.clone() for name, value in state.student.state_dict().items()}
    state.student.load_state_dict(state.average)
    state.student.eval()
    found = {prepared.source.name: _mean_ndcg(state.student, prepared, settings) for prepared in state.drawer.sources}
    state.student.load_state_dict(training)
    progress.validation(state.step, found)
    return found


def _mean_ndcg(student: PairStudent, prepared: PairSource, settings: PairSettings) -> float:
    values = []
    for query in prepared.held_out.tolist():
        relevant = prepared.source.positives[query]
        candidates = np.concatenate([relevant, prepared.negatives[query]])[: settings.report.validation_candidates].astype(
            np.int64
        )
        scores = student.score_groups([Group(prepared, query, candidates)], settings.model.tokens_max)
        # The right ones stand first, so that a tie must not favour them.
        order = np.argsort(-scores.cpu().numpy()[::-1], kind="stable")
        values.append(ndcg(candidates[::-1][order][:DEPTH].tolist(), set(candidates[: len(relevant)].tolist())))
    return float(np.mean(values)) if values else float("nan")


def _save_result(state: RunState, settings: PairSettings, folder: Path, found: dict[str, float], seconds: float) -> dict:
    state.student.load_state_dict(state.average)
    state.student.save(folder / RESULT_FOLDER)
    result = {
        "config": to_plain(settings),
        "steps": state.step,
        "validation": found,
        "seconds": round(seconds, 1),
        "torch": torch.__version__,
    }
    (folder / "run.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result
