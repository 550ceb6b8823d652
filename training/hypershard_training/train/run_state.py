"""A run's checkpoint: everything that decides what comes next, written whole or not at all."""

import os
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import nn

from hypershard_training.train.settings import TrainSettings, with_defaults
from hypershard_training.train.training_error import TrainingError

CHECKPOINTS_KEPT = 2


class Drawer(Protocol):
    """Draws batches from a generator that is all of its state."""

    generator: np.random.Generator


class RunState:
    """The student, its averaged weights, the optimiser, the batch drawer and the count of steps done."""

    def __init__(self, student: nn.Module, optimiser: torch.optim.Optimizer, drawer: Drawer) -> None:
        self.student, self.optimiser, self.drawer = student, optimiser, drawer
        self.average = {name: value.detach().clone() for name, value in student.state_dict().items()}
        #: The weights at step 0, which a resumed run makes again from its seed.
        self.start = {name: value.clone() for name, value in self.average.items()}
        self.step = 0
        #: How long the run has trained, in all its parts.
        self.seconds = 0.0

    def update_average(self, decay: float) -> None:
        """Move the average towards the weights; the first steps count more, so that the start is forgotten."""
        decay = min(decay, (self.step + 1) / (self.step + 10))
        for name, value in self.student.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - decay)
            else:
                self.average[name].copy_(value)

    def result(self, start_share: float) -> dict[str, torch.Tensor]:
        """The averaged weights, moved by ``start_share`` towards those at the start (Wortsman et al., arXiv 2109.01903)."""
        if start_share == 0:
            return self.average
        return {
            name: value.lerp(self.start[name].to(value.device), start_share) if value.is_floating_point() else value
            for name, value in self.average.items()
        }

    def save(self, folder: Path, config: dict) -> Path:
        """Write ``checkpoint-<step>.pt`` and remove all but the last two."""
        path = folder / f"checkpoint-{self.step:08d}.pt"
        content = {
            "config": config,
            "step": self.step,
            "seconds": self.seconds,
            "student": self.student.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "drawer": self.drawer.generator.bit_generator.state,
            "torch": torch.get_rng_state(),
        }
        temporary = path.with_suffix(".part")
        with temporary.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
        for old in checkpoints(folder)[:-CHECKPOINTS_KEPT]:
            old.unlink()
        return path

    def restore(self, path: Path, config: dict, kind: type = TrainSettings) -> None:
        """Go on from ``path``; a checkpoint of another configuration, which is of ``kind``, is refused."""
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise TrainingError(f"{path}: cannot be read: {error}; remove it to go on from the one before") from error
        if changed := _differences(with_defaults(content["config"], kind), config):
            raise TrainingError(f"{path}: was written with other settings of {', '.join(changed)}; use another --out")
        self.student.load_state_dict(content["student"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.average = content["average"]
        self.step = content["step"]
        self.seconds = content.get("seconds", 0.0)
        self.drawer.generator.bit_generator.state = content["drawer"]
        torch.set_rng_state(content["torch"])


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints of a run folder, oldest first."""
    return sorted(folder.glob("checkpoint-*.pt"))


def _differences(before: object, now: object, where: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = sorted(before.keys() | now.keys())
        return [found for key in keys for found in _differences(before.get(key), now.get(key), f"{where}.{key}".lstrip("."))]
    return [] if before == now else [where]
