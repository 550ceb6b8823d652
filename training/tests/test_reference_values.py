"""The committed q-net and hyper-head numbers are what the code makes, and what the authors' code makes."""

import itertools
import json
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from hypershard_training.reference import cases
from hypershard_training.reference.counter_random import counter_tensor
from hypershard_training.reference.values import (
    HYPER_HEAD_FILE,
    QNET_FILE,
    hyper_head_document,
    qnet_document,
)


def test_counter_tensor_has_the_values_its_definition_gives():
    def by_definition(seed: int, i: int) -> float:
        x = (seed + i * 0x9E3779B9) % 2**32
        x ^= x >> 16
        x = x * 0x85EBCA6B % 2**32
        x ^= x >> 13
        x = x * 0xC2B2AE35 % 2**32
        x ^= x >> 16
        return np.float32(np.float32(x / 2**31 - 1) * np.float32(0.1))

    tensor = counter_tensor(4_294_967_000, (3, 500), 0.1).flatten()
    assert tensor.dtype == np.float32
    assert tensor.tolist() == [by_definition(4_294_967_000, i) for i in range(1500)]


def test_committed_qnet_scores_are_what_the_code_makes(fixtures):
    committed = json.loads((fixtures / "qnet" / QNET_FILE).read_text())["cases"]
    made = qnet_document()["cases"]
    assert [_without(case, "scores") for case in committed] == [_without(case, "scores") for case in made]
    for before, now in zip(committed, made, strict=True):
        np.testing.assert_allclose(now["scores"], before["scores"], rtol=2e-8, atol=1e-9, err_msg=now["name"])


def test_committed_hyper_head_weights_are_what_the_code_makes(fixtures):
    committed = json.loads((fixtures / "qnet" / HYPER_HEAD_FILE).read_text())["cases"]
    made = hyper_head_document()["cases"]
    assert [_without(case, "expected") for case in committed] == [_without(case, "expected") for case in made]
    for before, now in zip(committed, made, strict=True):
        for kind in ("matrices", "biases"):
            assert len(now["expected"][kind]) == len(before["expected"][kind])
            for ours, theirs in zip(now["expected"][kind], before["expected"][kind], strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-7, err_msg=now["name"])


@pytest.mark.parametrize("width", [384, 768])
def test_every_mode_is_at_least_twice_among_the_wide_cases(width):
    chosen = [case.architecture for case in cases.qnet_cases() if case.name.startswith(f"{width}-depth-")]
    with_layers = [a for a in chosen if a.core_layers > 0]
    assert len(with_layers) < len(chosen)
    for counts, kinds in (
        (Counter(a.activation for a in with_layers), 5),
        (Counter((a.layer_norm, a.layer_norm_before_residual) for a in with_layers), 3),
        (Counter((a.residual, a.residual_on_last) for a in with_layers), 3),
        (Counter(a.core_layers for a in with_layers), 4),
    ):
        assert len(counts) == kinds and min(counts.values()) >= 2


def test_no_two_tensors_of_a_fixture_share_a_seed():
    for made in (cases.qnet_cases(), cases.hyper_head_cases()):
        seeds = [case.seed for case in made]
        assert min(b - a for a, b in itertools.pairwise(seeds)) >= 1000
        assert len({case.name for case in made}) == len(made)


def test_the_released_code_gives_the_same_numbers():
    repository = os.environ.get("HYPENCODER_REPO")
    if not repository:
        pytest.skip("set HYPENCODER_REPO to a checkout of the authors' repository to compare with it")
    from hypershard_training.reference.published_comparison import compare_with_published

    differences = compare_with_published(Path(repository))
    for name, difference in differences.items():
        assert difference < (1e-12 if "Float64" in name else 1e-5), name


def _without(case: dict, key: str) -> dict:
    return {name: value for name, value in case.items() if name != key}
