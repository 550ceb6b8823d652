"""A cross-encoder learns what it is shown, goes on where it was stopped, reads pairs as the encoder service does, and is exported."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, models, pre_tokenizers
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from hypershard_training.__main__ import main
from hypershard_training.pairs.draw_pairs import Group, PairDrawer
from hypershard_training.pairs.pair_source import PairSource, prepare_pair_source
from hypershard_training.pairs.pair_student import PairStudent
from hypershard_training.pairs.settings import PairOptimiseSettings, load_pair_settings
from hypershard_training.pairs.train_pairs import RESULT_FOLDER, Asked, train_pairs
from hypershard_training.train.backbone import Backbone
from hypershard_training.train.read_sources import Source
from hypershard_training.train.train_run import Stopped
from hypershard_training.train.training_error import TrainingError

TOPICS = 8


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a random BERT of width 16, 64 pairs whose texts share the topic's word, and a configuration of 80 steps."""
    folder = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(f"topic{i}" for i in range(TOPICS)), *(f"w{i}" for i in range(40))]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=24, initializer_range=0.3, **shape)).save_pretrained(
        folder / "backbone"
    )
    tokenizer.save(str(folder / "backbone" / "tokenizer.json"))
    pairs = [
        {
            "query": f"topic{i % TOPICS} w{i * 7 % 40} w{i % 39}",
            "positive": f"w{i * 3 % 40} w{i % 37} topic{i % TOPICS} w{i % 31}",
        }
        for i in range(64)
    ]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    (folder / "config.yaml").write_text(f"""
sources: [{{name: tiny, pairs: {folder}/pairs.jsonl}}]
encode: {{backbone: {folder}/backbone, cache: {folder}/cache, precision: fp32, documentTokensMax: 16, queryTokensMax: 16}}
model: {{layers: 2, tokensMax: 20, queryTokensMax: 8}}
mine: {{bm25: 6, dense: 6}}
optimise:
  {{steps: 80, batch: 8, negatives: 2, randomNegatives: 2, tokensMax: 16, learningRate: 0.003, headRate: 1, warmupSteps: 4, average: 0.8}}
report: {{validationQueries: 6, validationCandidates: 8, validateSteps: 40, checkpointSteps: 5}}
""")
    return folder


def _never() -> bool:
    return False


def _train(tiny: Path, out: Path, *overrides: str, asked: Asked | None = None) -> dict:
    return train_pairs(load_pair_settings(tiny / "config.yaml", list(overrides)), out, asked or Asked(False, False, _never))


def _rows(run: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (run / name).read_text().splitlines()]


def test_a_stopped_run_ends_as_one_that_was_not(tiny: Path, tmp_path: Path) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    _train(tiny, whole)
    answers = iter([False] * 6 + [True])
    with pytest.raises(Stopped):
        _train(tiny, stopped, asked=Asked(False, False, lambda: next(answers)))
    with pytest.raises(TrainingError, match="not empty; add --resume"):
        _train(tiny, stopped)
    _train(tiny, stopped, asked=Asked(True, False, _never))
    for name in ("log.jsonl", "validation.jsonl", f"{RESULT_FOLDER}/model.safetensors"):
        assert (stopped / name).read_bytes() == (whole / name).read_bytes(), name
    losses = [row["loss"] for row in _rows(whole, "log.jsonl")]
    assert len(losses) == 80
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:5]), "it learns"


def test_what_a_stopped_run_has_is_a_cross_encoder_that_can_be_exported(tiny: Path, tmp_path: Path) -> None:
    run, before = tmp_path / "run", load_file(tiny / "backbone" / "model.safetensors")
    answers = iter([False] * 11 + [True])
    with pytest.raises(Stopped):
        _train(tiny, run, asked=Asked(False, False, lambda: next(answers)))
    assert not (run / RESULT_FOLDER).exists()
    result = _train(tiny, run, asked=Asked(False, True, _never))
    assert (result["steps"], list(result["validation"])) == (12, ["tiny"])
    after = load_file(run / RESULT_FOLDER / "model.safetensors")
    assert not any("layer.2." in name for name in after), "one of three layers is left out"
    word = "embeddings.word_embeddings.weight"
    assert torch.equal(after[f"bert.{word}"], before[word])
    for kept, of in ((0, 0), (1, 2)):
        own, old = after[f"bert.encoder.layer.{kept}.output.dense.weight"], before[f"encoder.layer.{of}.output.dense.weight"]
        assert not torch.equal(own, old)
        torch.testing.assert_close(own, old, rtol=0, atol=0.04)
    again = tmp_path / "again"
    _train(tiny, again, f"model.startFrom={run / RESULT_FOLDER}", "optimise.steps=1", "report.validateSteps=1")
    assert _rows(again, "validation.jsonl")[0]["ndcgAt10"] == result["validation"], "another run starts where that one ended"
    assert main(["export", str(run / RESULT_FOLDER), "--out", str(tmp_path / "model"), "--max-tokens", "20"]) == 0
    settings = json.loads((tmp_path / "model" / "model.json").read_text())
    assert settings["tokenizer"] == {"file": "tokenizer.json", "maxTokens": 20, "maxQueryTokens": 15}


def _source(tiny: Path) -> tuple[PairSource, Source]:
    settings = load_pair_settings(tiny / "config.yaml", [])
    documents = [f"topic{i % TOPICS} w{i} w{(i * 5) % 40} " * (1 + i % 4) for i in range(24)]
    source = Source("s", 1.0, documents, [f"topic{q} w{q}" for q in range(TOPICS)], [[q, q + 8] for q in range(TOPICS)], {0: [5]})
    tokenizer = Tokenizer.from_file(str(tiny / "backbone" / "tokenizer.json"))
    backbone = Backbone(settings.encode, torch.device("cpu"))
    return prepare_pair_source(source, settings, backbone, tokenizer, lambda _: None), source


@torch.inference_mode()
def test_pairs_are_read_as_the_tokenizer_frames_them_whatever_is_beside_them(tiny: Path) -> None:
    prepared, source = _source(tiny)
    student = PairStudent(load_pair_settings(tiny / "config.yaml", [])).eval()
    groups = [Group(prepared, query, np.arange(query, 24, 3)) for query in (0, 5)]
    found = student.score_groups(groups, 13).tolist()
    tokenizer = Tokenizer.from_file(str(tiny / "backbone" / "tokenizer.json"))
    tokenizer.enable_truncation(13, strategy="only_second")
    expected, cut = [], 0
    for group in groups:
        for document in group.documents:
            pair = tokenizer.encode(source.queries[group.query], source.documents[document])
            cut += bool(pair.overflowing)
            inputs = {"input_ids": torch.tensor([pair.ids]), "token_type_ids": torch.tensor([pair.type_ids])}
            expected.append(student.bert(**inputs).logits.item())
    assert 0 < cut < len(expected)
    assert np.ptp(expected) > 1e-4
    assert found == pytest.approx(expected, abs=1e-5)


def test_no_known_positive_is_a_negative(tiny: Path) -> None:
    prepared, source = _source(tiny)
    assert prepared.negatives[0][0] == 5, "what the data gives comes first"
    for query, negatives in enumerate(prepared.negatives):
        assert len(negatives) >= 6
        assert len(set(negatives.tolist())) == len(negatives)
        assert not set(negatives.tolist()) & set(source.positives[query])
    drawer = PairDrawer([prepared], PairOptimiseSettings(batch=50, negatives=3, random_negatives=6), 1)
    for group in drawer.draw():
        positives = source.positives[group.query]
        assert len(group.documents) == 10
        assert np.isin(group.documents, positives).tolist() == [True] + [False] * 9
        assert set(group.documents[1:4].tolist()) <= set(prepared.negatives[group.query].tolist())
    assert not set(prepared.held_out.tolist()) & set(prepared.training.tolist())


def test_wrong_settings_are_told_together(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    wrong = ["mine.bm25=0", "mine.dense=0", "optimise.tokensMax=30", "model.queryTokensMax=18", "report.validationCandidates=1"]
    with pytest.raises(TrainingError) as raised:
        load_pair_settings(tiny / "config.yaml", wrong)
    for named in ("mine needs", "optimise.tokensMax", "model.queryTokensMax", "validationCandidates"):
        assert named in str(raised.value)
    for override, problem in (
        ("model.layers=4", "has 3 layers"),
        ("model.layer=1", "did you mean layers"),
        ("model.tokensMax=25", "at most 24"),
    ):
        arguments = ["train-cross-encoder", str(tiny / "config.yaml"), "--out", str(tmp_path / override), "--set", override]
        assert main([*arguments, "--set", "mine.dense=0"]) == 1
        assert problem in capsys.readouterr().err
    assert main(["train-cross-encoder", str(tiny / "config.yaml"), "--out", str(tmp_path / "none"), "--finish"]) == 1
    assert "has no checkpoint" in capsys.readouterr().err
