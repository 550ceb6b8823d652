"""A hyper-head that is not whole is refused, with the tensor named."""

import math

import pytest
import torch

from hypershard_training.export_run import ExportError, check_head, run
from hypershard_training.hyper_head import hyper_head_parameter_shapes
from hypershard_training.qnet import QnetArchitecture

ARCHITECTURE = QnetArchitecture((8, 8, 1), residual_on_last=True)


def _head() -> dict[str, torch.Tensor]:
    return {name: torch.zeros(shape) for name, shape in hyper_head_parameter_shapes(ARCHITECTURE, 8).items()}


def _nan(head: dict[str, torch.Tensor]) -> None:
    head["biases.0.base"][0, 3] = math.nan


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (lambda head: head.pop("matrices.1.base"), "matrices.1.base is missing"),
        (lambda head: head.update({"matrices.0.base": torch.zeros(8, 7)}), r"has shape \[8, 7\] where \[8, 8\]"),
        (lambda head: head.update({"matrices.9.base": torch.zeros(1)}), "matrices.9.base belongs to no part"),
        (_nan, "biases.0.base holds a NaN"),
    ],
)
def test_a_broken_head_is_refused(harm, problem: str) -> None:
    head = _head()
    check_head(head, ARCHITECTURE, 8, "here")
    harm(head)
    with pytest.raises(ExportError, match=f"here: tensor .*{problem.split('tensor ')[-1]}"):
        check_head(head, ARCHITECTURE, 8, "here")


def test_a_folder_that_is_no_run_is_told(tmp_path, capsys) -> None:
    import argparse

    arguments = argparse.Namespace(run=tmp_path, out=tmp_path / "out", name=None, encoding="float32", head="fp16")
    assert run(arguments) == 1
    assert "is not a finished run" in capsys.readouterr().err
