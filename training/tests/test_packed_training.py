"""A pack: what is read from it is what went in, a run from it is the run from the texts, and what is broken is told."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file
from tiny_bert import save_tiny_bert

from hypershard_training.export.load_run import load_run
from hypershard_training.train.packed_backbone import PACKED_FILE, WORD_EMBEDDINGS, pack_backbone, unpack_backbone
from hypershard_training.train.packed_source import read_packed_source, write_packed_source
from hypershard_training.train.run_state import RunState
from hypershard_training.train.settings import OptimiseSettings, SourceSettings, load_settings
from hypershard_training.train.source import Source
from hypershard_training.train.token_ids import TextTokenizer
from hypershard_training.train.train_run import _share_done, train
from hypershard_training.train.training_error import TrainingError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of width 16, 60 pairs, and a configuration of 6 steps that tunes the encoder."""
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_bert(folder / "backbone")
    pairs = [
        {"query": f"w{i % 40} w{i * 7 % 40}", "positive": " ".join(f"w{(i * 3 + k) % 40}" for k in range(2 + i % 9))}
        for i in range(60)
    ]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    (folder / "config.yaml").write_text(f"""
sources: [{{name: tiny, pairs: {folder}/pairs.jsonl}}]
encode: {{backbone: {folder}/backbone, cache: {folder}/cache, precision: fp32, documentTokensMax: 9, queryTokensMax: 16, queryPrefix: "w1 "}}
model: {{depth: 1, encoder: tuned}}
optimise: {{steps: 6, batch: 4, hardNegatives: 3, minedTo: 10, documentTokensMax: 7, recentDocuments: 8, warmupSteps: 2}}
report: {{validationQueries: 5, validateSteps: 3, checkpointSteps: 3}}
""")
    return folder


def _pack(tiny: Path, out: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "hypershard_training", "pack", str(tiny / "config.yaml"), "--out", str(out), *options]
    return subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)


def test_a_run_from_a_pack_is_the_run_from_the_texts(tiny: Path, tmp_path: Path) -> None:
    packed = _pack(tiny, tmp_path / "pack")
    assert packed.returncode == 0, packed.stderr
    # Where the backbone is the packed one in both, the texts' ids are all that is left to differ.
    unpack_backbone(tmp_path / "pack" / "backbone")
    from_texts = load_settings(tiny / "config.yaml", [f"encode.backbone={tmp_path}/pack/backbone"])
    from_pack = load_settings(tmp_path / "pack" / "config.yaml", [])
    cpu = torch.device("cpu")
    for settings, name in ((from_texts, "texts"), (from_pack, "packed")):
        train(settings, tmp_path / name, cpu, resume=False, stopping=lambda: False)
    for file in ("hyper-head.safetensors", "backbone/model.safetensors"):
        texts, ids = load_file(tmp_path / "texts" / file), load_file(tmp_path / "packed" / file)
        assert all(torch.equal(texts[name], ids[name]) for name in texts), file
    before = load_file(tmp_path / "pack" / "backbone" / "model.safetensors")
    after = load_file(tmp_path / "packed" / "backbone" / "model.safetensors")
    name = "encoder.layer.0.output.dense.weight"
    assert not torch.equal(before[name], after[name]), "the encoder was trained"
    assert load_run(tmp_path / "packed").query_prefix == "w1 "


def test_a_pack_may_be_carried_anywhere(tiny: Path, tmp_path: Path) -> None:
    assert _pack(tiny, tmp_path / "here").returncode == 0
    (tmp_path / "there").mkdir()
    (tmp_path / "here").rename(tmp_path / "there" / "pack")
    settings = load_settings(tmp_path / "there" / "pack" / "config.yaml", ["optimise.steps=1"])
    assert train(settings, tmp_path / "run", torch.device("cpu"), resume=False, stopping=lambda: False)["validation"]


def test_packed_ids_are_cut_as_the_tokenizer_cuts(tiny: Path) -> None:
    tokenizer = TextTokenizer(tiny / "backbone" / "tokenizer.json")
    text = " ".join(f"w{i}" for i in range(12))
    whole = np.array(tokenizer.ids([text], "w3 ", 99)[0], np.uint16)
    for limit in (3, 5, 14, 15, 99):
        assert tokenizer.ids([whole, text], "w3 ", limit) == [tokenizer.ids([text], "w3 ", limit)[0]] * 2


def test_a_packed_backbone_is_nearly_the_backbone(tiny: Path, tmp_path: Path) -> None:
    pack_backbone(tiny / "backbone", tmp_path / "packed")
    unpack_backbone(tmp_path / "packed")
    before, after = load_arrays(tiny / "backbone" / "model.safetensors"), load_arrays(tmp_path / "packed" / "model.safetensors")
    rows, unpacked = before[WORD_EMBEDDINGS], after[WORD_EMBEDDINGS]
    assert (np.abs(rows - unpacked) <= np.abs(rows).max(1, keepdims=True) / 127 * 0.501).all()
    assert set(before) - set(after) == {name for name in before if name.startswith("pooler.")}
    for name in set(after) - {WORD_EMBEDDINGS}:
        assert np.allclose(before[name], after[name], rtol=1e-3, atol=1e-6), name
    assert (tmp_path / "packed" / PACKED_FILE).stat().st_size < (tiny / "backbone" / "model.safetensors").stat().st_size * 0.75


def test_a_pack_that_is_too_large_is_not_written(tiny: Path, tmp_path: Path) -> None:
    refused = _pack(tiny, tmp_path / "pack", "--bytes-max", "5000")
    assert refused.returncode == 1
    assert "more than 5,000" in refused.stderr
    assert "tiny.npz" in refused.stderr
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "pack").mkdir()
    assert "is there already" in _pack(tiny, tmp_path / "pack").stderr


def _source() -> Source:
    return Source("s", 1.0, ["", ""], ["", ""], [[0], [1, 0]])


def test_a_packed_source_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_packed_source(tmp_path / "s.npz", [[1, 65_535], [4]], [[5], [6, 7]], _source())
    read = read_packed_source(SourceSettings("s", packed=str(tmp_path / "s.npz"), weight=2.0))
    assert ([row.tolist() for row in read.documents], [row.tolist() for row in read.queries]) == (
        [[1, 65_535], [4]],
        [[5], [6, 7]],
    )
    assert (read.positives, read.weight) == ([[0], [1, 0]], 2.0)
    assert len(read_packed_source(SourceSettings("s", packed=str(tmp_path / "s.npz"), queries_max=1)).queries) == 1


@pytest.mark.parametrize("fault", ["cut", "text", "missing", "foreign", "unknown document", "empty text"])
def test_a_broken_packed_source_is_told(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "s.npz"
    texts = [[1], []] if fault == "empty text" else [[1], [4]]
    positives = [[0], [2]] if fault == "unknown document" else [[0], [1]]
    write_packed_source(path, texts, [[5], [6]], Source("s", 1.0, ["", ""], ["", ""], positives))
    if fault == "cut":
        path.write_bytes(path.read_bytes()[:-60])
    elif fault == "text":
        path.write_text("no archive")
    elif fault == "missing":
        path.unlink()
    elif fault == "foreign":
        np.savez(path, vectors=np.zeros(3))
    with pytest.raises(TrainingError, match=r"s\.npz: .*pack it again"):
        read_packed_source(SourceSettings("s", packed=str(path)))


def test_a_run_ends_by_steps_or_by_time_whichever_is_first() -> None:
    state = RunState(torch.nn.Linear(1, 1), None, None)
    limits = OptimiseSettings(steps=100, minutes=2)
    shares = []
    for state.step, state.seconds in ((0, 0), (10, 0), (10, 60), (90, 60), (10, 120), (10, 500)):
        shares.append(_share_done(state, limits))
    assert shares == [0, 0.1, 0.5, 0.9, 1, 1]
    state.step, state.seconds = 50, 1e9
    assert _share_done(state, OptimiseSettings(steps=100)) == 0.5


def test_a_source_is_of_one_kind(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({"sources": [{"name": "a", "packed": "a.npz", "pairs": "b"}, {"name": "c"}]}))
    with pytest.raises(TrainingError, match=r"sources\[0\] needs one of collection, pairs and packed; sources\[1\] needs one"):
        load_settings(path, [])
