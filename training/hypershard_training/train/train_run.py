"""A training run: read → encode → mine → hold out → step, validate, checkpoint → result."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import save_file

from hypershard_training.train.attend_to_first import attend_to_first
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.draw_batches import BatchDrawer, TrainingSource
from hypershard_training.train.encode_source import encode_source
from hypershard_training.train.losses import combined_loss
from hypershard_training.train.mine_negatives import mine_negatives
from hypershard_training.train.precision import AUTO, chosen_precision
from hypershard_training.train.progress import Progress
from hypershard_training.train.read_sources import read_source
from hypershard_training.train.run_state import RunState, checkpoints
from hypershard_training.train.settings import OptimiseSettings, TrainSettings, load_settings, to_plain
from hypershard_training.train.start_from_run import start_from_run
from hypershard_training.train.student import Student
from hypershard_training.train.training_error import TrainingError
from hypershard_training.train.tuned_encoder import TunedEncoder
from hypershard_training.train.tuned_student import TunedStudent
from hypershard_training.train.validate import ValidationSet, hold_out, mean_ndcg

ADAM_BETAS = (0.9, 0.98)
#: Where a run leaves the encoder that it tuned.
BACKBONE_FOLDER = "backbone"


class Stopped(Exception):
    """The run was asked to stop; its checkpoint is written."""


def train(settings: TrainSettings, folder: Path, device: torch.device, *, resume: bool, stopping: Callable[[], bool]) -> dict:
    """Train into ``folder`` and return what ``run.json`` says. ``stopping`` is asked after every step."""
    started = time.monotonic()
    settings = _with_precision(settings, folder, device, resume=resume)
    config = to_plain(settings)
    _prepare_folder(folder, config, resume=resume)
    torch.manual_seed(settings.seed)
    sources, validations, backbone = _prepare_sources(settings, device)
    state = _new_state(settings, sources, backbone, device)
    if resume and (written := checkpoints(folder)):
        state.restore(written[-1], config)
    progress = Progress(folder, state.step)
    if state.step == 0:
        _validate(state, settings, validations, progress)
    began = time.monotonic() - state.seconds
    last = _share_done(state, settings.optimise) >= 1
    ndcg: dict[str, float] = {}
    while not last:
        progress.step(state.step + 1, settings.optimise.steps, settings.optimise.batch, _step(state, settings, folder))
        state.step += 1
        state.seconds = time.monotonic() - began
        last = _share_done(state, settings.optimise) >= 1
        stop = stopping()
        if last or stop or state.step % settings.report.checkpoint_steps == 0:
            state.save(folder, config)
        if stop and not last:
            raise Stopped
        if last or state.step % settings.report.validate_steps == 0:
            ndcg = _validate(state, settings, validations, progress)
    ndcg = ndcg or _validate(state, settings, validations, progress)
    return _save_result(state, settings, folder, ndcg, time.monotonic() - started)


def _with_precision(settings: TrainSettings, folder: Path, device: torch.device, *, resume: bool) -> TrainSettings:
    """With ``auto`` replaced by what the run began with where it goes on, else by what this machine is fast at."""
    asked, written = settings.encode.precision, folder / "config.yaml"
    if asked == AUTO and resume and written.exists():
        asked = load_settings(written, []).encode.precision
    return replace(settings, encode=replace(settings.encode, precision=chosen_precision(asked, device)))


def _prepare_folder(folder: Path, config: dict, *, resume: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and any(folder.iterdir()):
        raise TrainingError(f"{folder}: is not empty; add --resume to go on with the run in it, or name another folder")
    if not (folder / "config.yaml").exists():
        (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def _prepare_sources(settings: TrainSettings, device: torch.device) -> tuple[list[TrainingSource], list[ValidationSet], Backbone]:
    backbone = Backbone(settings.encode, device)
    prepared = [_prepare_source(index, settings, backbone) for index in range(len(settings.sources))]
    return [source for source, _ in prepared], [validation for _, validation in prepared], backbone


def _prepare_source(index: int, whole: TrainSettings, backbone: Backbone) -> tuple[TrainingSource, ValidationSet]:
    def tell(line: str) -> None:
        print(line, flush=True)

    source = read_source(whole.sources[index])
    tell(f"{source.name}: {len(source.queries):,} queries, {len(source.documents):,} documents")
    if source.unknown_judgements:
        tell(f"{source.name}: {source.unknown_judgements:,} judgements name a query or document that is not there, left out")
    cache = Path(whole.encode.cache)
    encoded = encode_source(source, backbone, cache, tell, index)
    mined = mine_negatives(encoded, whole.optimise.mined_to, cache)
    queries, validation = hold_out(encoded, whole.report.validation_queries, whole.report.validation_documents_max, whole.seed)
    return TrainingSource(encoded, queries, mined), validation


def _new_state(settings: TrainSettings, sources: list[TrainingSource], backbone: Backbone, device: torch.device) -> RunState:
    student = _new_student(settings, backbone, len(sources))
    if settings.encode.pooling == "cls" and settings.model.initialise == "dense" and not settings.model.start_from:
        attend_to_first(student.head, [source.encoded for source in sources])
    student = student.to(device)
    optimiser = torch.optim.AdamW(_parameter_groups(student, settings), lr=settings.optimise.learning_rate, betas=ADAM_BETAS)
    return RunState(student, optimiser, BatchDrawer(sources, settings.optimise, settings.seed))


def _new_student(settings: TrainSettings, backbone: Backbone, sources: int) -> Student:
    if settings.model.encoder == "frozen":
        student = Student(settings, backbone.width)
    else:
        student = TunedStudent(settings, TunedEncoder(backbone), backbone.width, sources)
    if settings.model.start_from:
        start_from_run(student.head, Path(settings.model.start_from))
    return student


def _parameter_groups(student: Student, settings: TrainSettings) -> list[dict]:
    """Weight decay for the weights of core matrices alone; the last matrix starts as an identity that must not decay."""
    last = f"head.matrices.{len(student.head.matrices) - 1}."
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in student.named_parameters():
        if not parameter.requires_grad:
            continue
        is_last, is_encoder = name.startswith(last), name.startswith("encoder.")
        decays = not is_last and parameter.dim() > 1 and not name.endswith("base")
        optimise = settings.optimise
        rate = optimise.encoder_rate if is_encoder else optimise.last_matrix_rate if is_last else 1.0
        key = (optimise.weight_decay if decays else 0.0, rate)
        groups.setdefault(key, []).append(parameter)
    return [{"params": own, "weight_decay": decay, "rate": rate} for (decay, rate), own in groups.items()]


def _step(state: RunState, settings: TrainSettings, folder: Path) -> dict[str, float]:
    optimise = settings.optimise
    warm = min(1.0, (state.step + 1) / max(1, optimise.warmup_steps))
    rate = optimise.learning_rate * warm * (1 - _share_done(state, optimise))
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["rate"]
    state.student.train()
    scored = state.student.score_batch(state.drawer.draw())
    loss, parts = combined_loss(scored, state.student.log_scale.exp(), settings.loss)
    if not math.isfinite(loss.item()):
        kept = checkpoints(folder)
        raise TrainingError(
            f"step {state.step + 1}: the loss is {loss.item()}; lower the learning rate; last checkpoint: {kept[-1:]}"
        )
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.student.parameters(), optimise.clip_norm)
    state.optimiser.step()
    state.update_average(optimise.average)
    return {"loss": loss.item(), **parts, "learningRate": rate}


def _share_done(state: RunState, optimise: OptimiseSettings) -> float:
    """How much of the run is over, by its steps or by its time, whichever ends first; 1 is its end."""
    of_time = state.seconds / 60 / optimise.minutes if optimise.minutes else 0.0
    return min(1.0, max(state.step / optimise.steps, of_time))


def _validate(state: RunState, settings: TrainSettings, validations: list[ValidationSet], progress: Progress) -> dict[str, float]:
    """nDCG@10 of the weights that would be the result now, by source; the weights in training are put back."""
    training = {name: value.clone() for name, value in state.student.state_dict().items()}
    state.student.eval()
    state.student.load_state_dict(state.result(settings.optimise.start_share))
    ndcg = {validation.encoded.source.name: mean_ndcg(state.student, validation) for validation in validations}
    state.student.load_state_dict(training)
    progress.validation(state.step, ndcg)
    return ndcg


def _save_result(state: RunState, settings: TrainSettings, folder: Path, ndcg: dict[str, float], seconds: float) -> dict:
    prefix, weights = "head.", state.result(settings.optimise.start_share)
    head = {name.removeprefix(prefix): value.contiguous() for name, value in weights.items() if name.startswith(prefix)}
    save_file(head, folder / "hyper-head.safetensors")
    if isinstance(state.student, TunedStudent):
        state.student.load_state_dict(weights)
        state.student.encoder.save(folder / BACKBONE_FOLDER)
    result = {
        "config": to_plain(settings),
        "qnet": state.student.architecture.to_json(),
        "scale": float(np.exp(weights["log_scale"].item())),
        "validation": ndcg,
        "seconds": round(seconds, 1),
        "torch": torch.__version__,
    }
    (folder / "run.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result
