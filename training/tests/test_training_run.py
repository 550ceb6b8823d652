"""The loss against plain loops, mining against brute force, and a killed run against one that was not."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_bert import save_tiny_bert

from hypershard_training.export.load_run import load_run
from hypershard_training.train import encode_source as encode_source_module
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.draw_batches import Batch, BatchDrawer, TrainingSource
from hypershard_training.train.encode_source import EncodedSource, encode_source
from hypershard_training.train.hyper_head_module import batch_scores
from hypershard_training.train.losses import ScoredBatch, cross_entropy, distillation, margin_mse
from hypershard_training.train.mine_negatives import mine_negatives
from hypershard_training.train.run_state import RunState
from hypershard_training.train.settings import load_settings, to_plain
from hypershard_training.train.source import Source
from hypershard_training.train.student import Student
from hypershard_training.train.training_error import TrainingError
from hypershard_training.train.tuned_encoder import TunedEncoder
from hypershard_training.train.tuned_student import TunedStudent

QUERIES, OWN, SHARED = 4, 3, 5


def _scored() -> ScoredBatch:
    torch.manual_seed(3)
    usable = torch.ones(QUERIES, OWN + SHARED, dtype=torch.bool)
    usable[1, 2] = usable[2, 6] = False
    teacher = torch.randn(QUERIES, OWN)
    teacher[3, 1] = math.nan
    return ScoredBatch(torch.randn(usable.shape), torch.randn(usable.shape), teacher, usable)


def test_cross_entropy_leaves_known_positives_out() -> None:
    scored = _scored()
    expected = 0.0
    for row, usable in zip(scored.student, scored.usable, strict=True):
        total = sum(math.exp(value) for value, used in zip(row.tolist(), usable.tolist(), strict=True) if used)
        expected += math.log(total) - row[0].item()
    assert cross_entropy(scored).item() == pytest.approx(expected / QUERIES, rel=1e-5)


def test_margin_mse_leaves_out_what_has_no_teacher() -> None:
    scored, scale = _scored(), torch.tensor(2.0)
    squares = []
    for row in range(QUERIES):
        for column in range(1, OWN):
            if scored.usable[row, column] and not scored.teacher[row, column].isnan():
                student = scored.student[row, 0] - scored.student[row, column]
                squares.append((student - 2 * (scored.teacher[row, 0] - scored.teacher[row, column])).item() ** 2)
    assert len(squares) == QUERIES * (OWN - 1) - 2
    assert margin_mse(scored, scale).item() == pytest.approx(sum(squares) / len(squares), rel=1e-5)


def test_distillation_is_nothing_where_the_student_is_the_teacher() -> None:
    scored = _scored()
    same = ScoredBatch(scored.dense * 7, scored.dense, scored.teacher, scored.usable)
    assert distillation(same, 7).item() == pytest.approx(0, abs=1e-6)
    assert distillation(scored, 7).item() > 0.1


def test_mined_negatives_are_the_best_that_are_not_positive(tmp_path: Path) -> None:
    torch.manual_seed(1)
    documents, queries = torch.randn(30, 8).half(), torch.randn(6, 8).half()
    positives = [[q, 2 * q + 7] for q in range(6)]
    source = Source("s", 1.0, [""] * 30, [""] * 6, positives)
    encoded = EncodedSource(source, documents, documents.numpy(), documents.numpy(), queries)
    mined = mine_negatives(encoded, 5, tmp_path)
    scores = (queries.bfloat16() @ documents.bfloat16().T).float()
    for query, found in enumerate(mined.tolist()):
        allowed = sorted((-scores[query, d].item(), d) for d in range(30) if d not in positives[query])
        assert [scores[query, d].item() for d in found] == [-score for score, _ in allowed[:5]]
        assert not set(found) & set(positives[query])
    assert mine_negatives(encoded, 5, tmp_path).tolist() == mined.tolist()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of width 16, 60 pairs, and a configuration of 24 steps."""
    folder = tmp_path_factory.mktemp("tiny")
    save_tiny_bert(folder / "backbone")
    pairs = [{"query": f"w{i % 40} w{i * 7 % 40}", "positive": f"w{i * 3 % 40} w{i * 11 % 40} w{i % 13}"} for i in range(60)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    (folder / "config.yaml").write_text(f"""
sources: [{{name: tiny, pairs: {folder}/pairs.jsonl}}]
encode: {{backbone: {folder}/backbone, cache: {folder}/cache, precision: fp32, documentTokensMax: 16, queryTokensMax: 16}}
model: {{depth: 1}}
loss: {{crossEntropy: 1, marginMse: 0.1, distillation: 0.1}}
optimise: {{steps: 24, batch: 4, hardNegatives: 3, minedTo: 10, randomNegatives: 4, dropout: 0.1, warmupSteps: 2}}
report: {{validationQueries: 5, validateSteps: 12, checkpointSteps: 5}}
""")
    return folder


def _start(tiny: Path, out: Path, *options: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "hypershard_training", "train", str(tiny / "config.yaml"), "--out", str(out), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, cwd=Path(__file__).parent.parent, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("encoder", ["frozen", "tuned"])
def test_a_killed_run_ends_as_one_that_was_not(tiny: Path, tmp_path: Path, encoder: str) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    options = ("--set", f"model.encoder={encoder}", "--set", "optimise.recentDocuments=20")
    assert _start(tiny, whole, *options).wait(60) == 0
    first = _start(tiny, killed, *options)
    deadline = time.monotonic() + 60
    while not list(killed.glob("checkpoint-*.pt")) and time.monotonic() < deadline:
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait(60)
    resumed = _start(tiny, killed, "--resume", *options)
    assert resumed.wait(60) == 0, resumed.stderr and resumed.stderr.read()
    results = ["hyper-head.safetensors", "validation.jsonl", "log.jsonl"]
    for name in results if encoder == "frozen" else [*results, "backbone/model.safetensors"]:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert (whole / "curves.png").stat().st_size > 10_000


def test_a_tuned_encoder_moves_and_a_run_is_exported_with_it(tiny: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert _start(tiny, run, "--set", "model.encoder=tuned", "--set", "optimise.learningRate=0.01").wait(60) == 0
    before, after = (load_file(folder / "backbone" / "model.safetensors") for folder in (tiny, run))
    moved = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert moved == {name for name in after if name.startswith("encoder.")}, "all but the embeddings"
    model = load_run(run)
    assert torch.equal(
        model.document.weights["encoder.layer.0.output.dense.weight"], after["encoder.layer.0.output.dense.weight"]
    )
    assert "tuned backbone" in model.description


def test_a_tuned_student_scores_as_its_parts_do(tiny: Path) -> None:
    settings = load_settings(tiny / "config.yaml", ["model.encoder=tuned", "optimise.recentDocuments=5", "optimise.dropout=0"])
    torch.manual_seed(2)
    source = Source("s", 1.0, [f"w{i} w{i + 3}" for i in range(9)], ["w1", "w2 w5"], [[0, 4], [1]])
    encoded = EncodedSource(source, torch.randn(9, 16).half(), np.zeros(0), np.zeros(3), torch.randn(2, 16).half())
    student = TunedStudent(settings, TunedEncoder(Backbone(settings.encode, torch.device("cpu"))), 16, 1).eval()
    training = TrainingSource(encoded, np.arange(2), np.zeros((2, 1)))
    drawn = [np.array([[4, 2, 1], [1, 3, 4]]), np.array([[0, 7, -1], [1, 0, 8]])]
    with torch.no_grad():
        for own in drawn:
            scored = student.score_batch(Batch(training, np.arange(2), own, np.zeros(0, int), np.zeros((2, 0), bool)))
        vectors = student.document_vectors(encoded, np.arange(9))
        states, mask = student.query_states(encoded, np.arange(2))
        expected = batch_scores(student.architecture, student.head(states, mask), vectors.expand(2, -1, -1)) * settings.loss.scale
    columns = np.concatenate([drawn[1], np.tile(np.concatenate([drawn[1].ravel(), drawn[0].ravel()[:5]]), (2, 1))], axis=1)
    usable = [[c >= 0 and (i < 3 or c not in {0, 4, 7}) for i, c in enumerate(columns[0])]]
    usable.append([c >= 0 and (i < 3 or c not in {1, 0, 8}) for i, c in enumerate(columns[1])])
    assert scored.usable.tolist() == usable
    torch.testing.assert_close(
        scored.student[scored.usable],
        expected.gather(1, torch.from_numpy(columns.clip(min=0)))[scored.usable],
        rtol=1e-4,
        atol=1e-4,
    )


def test_a_part_of_the_start_stays_in_the_result(tiny: Path, tmp_path: Path) -> None:
    heads = {}
    for name, share in (("none", 0), ("part", 0.25), ("most", 0.75)):
        assert _start(tiny, tmp_path / name, "--set", f"optimise.startShare={share}").wait(60) == 0
        heads[name] = load_file(tmp_path / name / "hyper-head.safetensors")
    for name, trained in heads["none"].items():
        start = trained + (heads["most"][name] - trained) / 0.75
        torch.testing.assert_close(heads["part"][name], torch.lerp(trained, start, 0.25), rtol=1e-4, atol=1e-5)
    assert any(not torch.equal(heads["none"][name], heads["most"][name]) for name in heads["none"])


def test_a_run_starts_where_another_ended(tiny: Path, tmp_path: Path) -> None:
    dense, deep = tmp_path / "dense", tmp_path / "deep"
    assert _start(tiny, dense, "--set", "model.depth=0", "--set", "optimise.learningRate=0.01").wait(60) == 0
    assert _start(tiny, deep, "--set", "model.depth=2", "--set", f"model.startFrom={dense}").wait(60) == 0
    end_of_dense, start_of_deep = _validation(dense)[-1], _validation(deep)[0]
    assert start_of_deep == pytest.approx(end_of_dense, abs=1e-6), "core layers add a constant until they learn"
    again = tmp_path / "again"
    assert _start(tiny, again, "--set", "model.depth=2", "--set", f"model.startFrom={deep}").wait(60) == 0
    assert _validation(again)[0] == _validation(deep)[-1]


@pytest.mark.parametrize(("start", "problem"), [("nowhere", "nowhere/hyper-head.safetensors"), ("deep", "has another depth")])
def test_a_run_that_cannot_be_started_from_is_named(tiny: Path, tmp_path: Path, start: str, problem: str) -> None:
    if start == "deep":
        assert _start(tiny, tmp_path / start, "--set", "model.depth=2", "--set", "optimise.steps=1").wait(60) == 0
    started = _start(tiny, tmp_path / "out", "--set", f"model.startFrom={tmp_path / start}")
    _, told = started.communicate(timeout=60)
    assert started.returncode == 1
    assert problem in told
    assert "Traceback" not in told


def test_more_documents_leave_the_chunks_before_them(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode_source_module, "TEXTS_A_CHUNK", 4)
    backbone = Backbone(load_settings(tiny / "config.yaml", []).encode, torch.device("cpu"))
    texts = [f"w{i} w{i + 3}" for i in range(11)]
    told: list[str] = []
    for count in (8, 11, 8):
        encode_source(Source("s", 1.0, texts[:count], ["w1"], [[0]]), backbone, tmp_path, told.append)
    documents = [line for line in told if "documents" in line]
    assert documents == ["s: 4 documents encoded", "s: 8 documents encoded", "s: 11 documents encoded"]
    whole = encode_source(Source("s", 1.0, texts, ["w1"], [[0]]), backbone, tmp_path, told.append).vectors
    assert np.allclose(whole, backbone.document_vectors(texts), atol=1e-3)


def _validation(run: Path) -> list[float]:
    """nDCG@10 of a run's one source, at the start and whenever it was measured."""
    return [json.loads(line)["ndcgAt10"]["tiny"] for line in (run / "validation.jsonl").read_text().splitlines()]


def test_a_run_is_not_mixed_with_another(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert _start(tiny, out, "--set", "optimise.steps=5").wait(60) == 0
    for options, problem in ((["--resume"], "other settings of optimise.steps"), ([], "is not empty; add --resume")):
        again = _start(tiny, out, *options)
        _, told = again.communicate(timeout=60)
        assert again.returncode == 1
        assert problem in told
        assert "Traceback" not in told


def test_a_checkpoint_from_before_a_setting_is_gone_on_from(tiny: Path, tmp_path: Path) -> None:
    settings = load_settings(tiny / "config.yaml", [])
    source = Source("s", 1.0, ["w1"] * 9, ["w1"] * 2, [[0], [1]])
    encoded = EncodedSource(source, torch.randn(9, 16).half(), np.zeros(0), np.zeros(3), torch.randn(2, 16).half())

    def state() -> RunState:
        student = Student(settings, 16)
        drawer = BatchDrawer([TrainingSource(encoded, np.arange(2), np.zeros((2, 1)))], settings.optimise, 0)
        return RunState(student, torch.optim.AdamW(student.parameters()), drawer)

    now = to_plain(settings)
    before = {**now, "encode": {key: value for key, value in now["encode"].items() if key != "pooling"}}
    written = state()
    written.step = 7
    path, read = written.save(tmp_path, before), state()
    read.restore(path, now)
    assert read.step == 7
    with pytest.raises(TrainingError, match="other settings of encode.pooling"):
        state().restore(path, {**now, "encode": {**now["encode"], "pooling": "cls"}})


def test_texts_are_encoded_after_their_prefix_and_pooled_as_the_settings_say(tiny: Path, tmp_path: Path) -> None:
    def backbone(*overrides: str) -> Backbone:
        return Backbone(load_settings(tiny / "config.yaml", list(overrides)).encode, torch.device("cpu"))

    plain, prefixes = backbone(), ("encode.queryPrefix='w7 '", "encode.documentPrefix='w9 w3 '")
    chosen = backbone("encode.pooling=cls", *prefixes)
    texts = ["w1 w2", "w4", "w5 w6 w8"]
    states, counts = plain.token_states([f"w9 w3 {text}" for text in texts])
    first = states[np.concatenate([[0], np.cumsum(counts)[:-1]])].astype(np.float32)
    expected = first / np.linalg.norm(first, axis=1, keepdims=True)
    np.testing.assert_allclose(chosen.document_vectors(texts), expected, atol=2e-3)
    found, expected_states = chosen.token_states(texts), plain.token_states([f"w7 {text}" for text in texts])
    np.testing.assert_array_equal(found[1], expected_states[1])
    np.testing.assert_allclose(found[0], expected_states[0], atol=2e-3)
    tuned = TunedEncoder(chosen)
    with torch.no_grad():
        np.testing.assert_allclose(tuned.document_vectors(texts, 16).numpy(), expected, atol=2e-3)

    source, told = Source("s", 1.0, texts, texts, [[0], [1], [2]]), []
    of_chosen, of_plain = (encode_source(source, own, tmp_path, told.append) for own in (chosen, plain))
    assert len(told) == 4, "other settings are other files of the cache"
    assert not torch.equal(of_chosen.vectors, of_plain.vectors)
    np.testing.assert_allclose(
        of_chosen.query_vectors.numpy(),
        backbone("encode.pooling=cls", prefixes[0].replace("query", "document")).document_vectors(texts),
        atol=2e-3,
    )
