"""``encode.precision: auto`` takes bfloat16 only where the processor multiplies it by itself."""

from pathlib import Path

import pytest
import torch
import yaml

from hypershard_training.train import precision, train_run
from hypershard_training.train.precision import chosen_precision
from hypershard_training.train.settings import TrainSettings, load_settings

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("processor", "chosen"),
    [
        ({"avx2": True, "avx512_f": False}, "fp32"),
        ({"avx2": True, "avx512_f": True, "avx512_vnni": True, "avx512_bf16": False}, "fp32"),
        ({"avx512_f": True, "avx512_bf16": True}, "bf16"),
        ({"avx512_f": True, "avx512_bf16": True, "amx_bf16": True}, "bf16"),
        ({"neon": True, "i8mm": True}, "fp32"),
        ({"neon": True, "bf16": True}, "bf16"),
        ({}, "fp32"),
    ],
)
def test_the_processor_decides_unless_the_settings_do(processor: dict[str, bool], chosen: str) -> None:
    assert chosen_precision("auto", CPU, processor) == chosen
    for asked in ("bf16", "fp32"):
        assert chosen_precision(asked, CPU, processor) == asked


def test_the_names_asked_for_are_ones_that_torch_gives() -> None:
    known = {"x86_64": {"avx512_bf16", "amx_bf16"}, "aarch64": {"bf16"}}
    capabilities = torch.cpu.get_capabilities()
    assert known.get(str(capabilities["architecture"]), set()) <= set(capabilities)


def test_a_run_that_goes_on_keeps_its_precision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("sources: [{name: s, pairs: p.jsonl}]")
    settings = load_settings(path, [])
    assert settings.encode.precision == "auto"
    run = tmp_path / "run"
    _on_a_processor(monkeypatch, avx512_bf16=True)
    assert _begun(settings, run, resume=False) == "bf16"
    _on_a_processor(monkeypatch, avx512_bf16=False)
    assert _begun(settings, run, resume=True) == "bf16"
    assert _begun(settings, tmp_path / "other", resume=False) == "fp32"


def _on_a_processor(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(precision.torch.cpu, "get_capabilities", lambda: capabilities)


class _Begun(Exception):
    """The run's folder is prepared; no more of the run is wanted."""


def _begun(settings: TrainSettings, folder: Path, *, resume: bool) -> str:
    """What ``config.yaml`` says when a run begins or goes on."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(_Begun) as begun:
        patch.setattr(train_run, "_prepare_sources", _stop)
        train_run.train(settings, folder, CPU, resume=resume, stopping=lambda: False)
    assert begun.value.args[0] == yaml.safe_load((folder / "config.yaml").read_text())["encode"]["precision"]
    return begun.value.args[0]


def _stop(settings: TrainSettings, _: torch.device) -> None:
    raise _Begun(settings.encode.precision)
