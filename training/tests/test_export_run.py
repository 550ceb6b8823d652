"""A hyper-head that is not whole is refused, with the tensor named; the shipped model is what its card says."""

import hashlib
import json
import math
from pathlib import Path

import pytest
import torch

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.tensors import check_all
from hypershard_training.export.load_run import load_run
from hypershard_training.model.hyper_head import hyper_head_parameter_shapes
from hypershard_training.model.qnet import QnetArchitecture

ARCHITECTURE = QnetArchitecture((8, 8, 1), residual_on_last=True)


def _head() -> dict[str, torch.Tensor]:
    return {name: torch.zeros(shape) for name, shape in hyper_head_parameter_shapes(ARCHITECTURE, 8).items()}


def _nan(head: dict[str, torch.Tensor]) -> None:
    head["biases.0.base"][0, 3] = math.nan


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda head: head.pop("matrices.1.base"), "matrices.1.base"),
        (lambda head: head.update({"matrices.0.base": torch.zeros(8, 7)}), "matrices.0.base"),
        (lambda head: head.update({"matrices.9.base": torch.zeros(1)}), "matrices.9.base"),
        (_nan, "biases.0.base"),
    ],
)
def test_a_broken_head_is_refused(harm, problem: str) -> None:
    head = _head()
    shapes = hyper_head_parameter_shapes(ARCHITECTURE, 8)
    check_all(head, shapes, "here")
    harm(head)
    with pytest.raises(CheckpointError, match=problem):
        check_all(head, shapes, "here")


def test_a_folder_that_is_no_run_is_told(tmp_path) -> None:
    with pytest.raises(CheckpointError, match="is not a finished run"):
        load_run(tmp_path)


def test_the_shipped_model_has_the_document_vectors_of_minilm_dense(models: Path) -> None:
    shipped, dense = (json.loads((models / name / "model.json").read_text()) for name in ("hypershard-mini", "minilm-dense"))
    assert shipped["files"]["encoder.onnx"] == dense["files"]["encoder.onnx"]
    assert shipped["documentHead"] == dense["documentHead"]
    for name, entry in shipped["files"].items():
        content = (models / "hypershard-mini" / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}, name
    assert sum(entry["bytes"] for entry in shipped["files"].values()) <= 40_000_000
