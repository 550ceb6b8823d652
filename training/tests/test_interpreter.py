"""The interpreter: examples carry the pieces they were made of, the trainer makes what the encoder service reads."""

import hashlib
import json
import random
import shutil

import numpy as np
import pytest

pytest.importorskip("onnx", reason="install the export extra")
pytest.importorskip("yaml", reason="install the train extra")

from hypershard_training.__main__ import main
from hypershard_training.interpret.encode_texts import QueryEncoder
from hypershard_training.interpret.labels import Tag, Word, pieces_of, text_of
from hypershard_training.interpret.make_examples import Example, ExampleMaker
from hypershard_training.interpret.read_material import Form, Material, read_material
from hypershard_training.interpret.tagger import interpret
from hypershard_training.interpret.wordings import HELD_OUT, TRAINED
from hypershard_training.model.sentence_vectors import open_session
from hypershard_training.train.training_error import TrainingError

QUERIES = [
    "What are the symptoms of heart cancer ?",
    "What are the symptoms of lung cancer ?",
    "What are the symptoms of bone cancer ?",
    "What are the symptoms of skin cancer ?",
    "What are the symptoms of eye cancer ?",
    "What are the symptoms of blood cancer ?",
    "Is it the body or the mind",
    "why do stars twinkle",
    "supersonic flow past a blunt body",
    *(f"how far is {place} from the sea in kilometres" for place in range(200)),
]


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "data" / "small"
    (folder / "qrels").mkdir(parents=True)
    lines = [json.dumps({"_id": f"q{number}", "text": text}) for number, text in enumerate([*QUERIES, "of another split"])]
    (folder / "queries.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    judged = [f"q{number}\td{number}\t1" for number in range(len(QUERIES))]
    (folder / "qrels" / "train.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ("red/B shoes/I or/J hats/B", ["red shoes", "hats"]),
        ("heart/B or/J lung/B cancer/S", ["heart cancer", "lung cancer"]),
        (
            "papers/J on/J risks/S of/S flu/B ,/J cold/B in/S children/S ?/J",
            ["risks of flu in children", "risks of cold in children"],
        ),
        ("to/B be/I or/I not/I", []),
        ("red/B shoes/I hats/B", []),
        ("red/B or/J a/S hats/B", []),
        ("red/B or/J hats/I", []),
        ("or/J", []),
    ],
)
def test_tags_make_pieces(written, pieces):
    tags = {tag.name[0]: tag for tag in Tag if tag != Tag.INSIDE} | {"I": Tag.INSIDE}
    words, text = [], ""
    for part in written.split(" "):
        word, _ = part.split("/")
        text += " " * bool(text) + word
        words.append(Word(len(text) - len(word), len(text), (len(words),)))
    found = pieces_of([tags[part.split("/")[1]] for part in written.split(" ")], words)
    assert [text_of(text, piece) for piece in found] == pieces


@pytest.mark.parametrize("wordings", [TRAINED, HELD_OUT])
def test_an_example_s_tags_give_back_what_it_was_made_of(wordings, fixtures):
    encoder = QueryEncoder(fixtures / "tiny-hypencoder")
    maker = ExampleMaker([], wordings, 1)
    chance = random.Random(2)
    for _ in range(60):
        pieces = [" ".join(chance.sample(["stars", "rivers", "(heat)", "the tower", "京", "body-heat"], 2)) for _ in range(2)]
        form = chance.choice([None, Form("the heat of", ""), Form("", "of stars"), Form("are the", "in rivers")])
        example = maker.joined(pieces, form)
        read = encoder.read([example.text])[0]
        if read.truncated:
            continue
        log_tags = np.full((len(read.ids), len(Tag)), -9, np.float32)
        for word in read.words:
            log_tags[word.tokens[0], example.tag_at(word.begin)] = 0
        found = interpret(log_tags, 9.0, read.words)
        shared = form or Form("", "")
        expected = [" ".join(part for part in (shared.head, piece, shared.tail) if part) for piece in pieces]
        assert [text_of(example.text, piece) for piece in found.pieces] == expected, example


def test_what_is_held_out_is_not_trained_on():
    assert not set(TRAINED.joints) & set(HELD_OUT.joints)
    assert not set(TRAINED.introductions) & set(HELD_OUT.introductions)
    assert not set(TRAINED.ends) & set(HELD_OUT.ends)


def test_material_is_of_the_train_split_with_its_concepts(collection):
    material = read_material(collection, 0)
    assert sorted(material.queries) == sorted(QUERIES)
    assert material.with_or == ["Is it the body or the mind"]
    kinds = ["blood", "bone", "eye", "heart", "lung", "skin"]
    assert material.concepts[Form("What are the symptoms of", "cancer")] == kinds
    assert set(material.concepts[Form("", "cancer")]) > set(kinds)


def test_a_collection_without_a_train_split_is_named(tmp_path):
    with pytest.raises(TrainingError, match="nothing.*train.tsv: cannot be read"):
        read_material(tmp_path / "nothing", 0)


def test_one_need_is_one_piece():
    maker = ExampleMaker([Material("own", QUERIES[:30], ["a or b"], {Form("", "cancer"): ["lung", "eye"]})], TRAINED, 3)
    drawn = [maker.one_need() for _ in range(200)]
    assert all(not example.disjunction and {tag for _, tag in example.parts} == {Tag.INSIDE} for example in drawn)
    assert any(" or " in example.text for example in drawn)


def test_the_command_makes_what_a_model_directory_may_have(collection, fixtures, tmp_path, capsys):
    models = [tmp_path / name for name in ("one", "two")]
    for model in models:
        shutil.copytree(fixtures / "tiny-hypencoder", model)
    reference = tmp_path / "reference.json"
    options = ["--collections", str(collection.parent), "--names", "small", "--cache", str(tmp_path / "cache")]
    small = ["--examples", "300", "--epochs", "1", "--reference", str(reference)]
    assert main(["interpreter", *map(str, models), *options, *small]) == 0
    described = json.loads((models[0] / "interpreter.json").read_text())
    graph = (models[0] / "interpreter.onnx").read_bytes()
    facts = {"name": "interpreter.onnx", "sha256": hashlib.sha256(graph).hexdigest(), "bytes": len(graph)}
    assert described["file"] == facts
    assert described["encoder"] == QueryEncoder(models[0]).sha256
    assert graph == (models[1] / "interpreter.onnx").read_bytes()
    _check_reference(models[0], json.loads(reference.read_text()), 1e-3)

    again = tmp_path / "again.json"
    assert main(["interpreter", *map(str, models), *options, *small[:4], "--reference", str(again)]) == 0
    assert "encoded" not in capsys.readouterr().out.rsplit("validation", 2)[1]
    assert again.read_bytes() == reference.read_bytes()
    assert (models[0] / "interpreter.onnx").read_bytes() == graph


def test_models_with_different_encoders_are_told(collection, fixtures, models, tmp_path, capsys):
    folders = [str(fixtures / "tiny-hypencoder"), str(models / "minilm-dense")]
    assert main(["interpreter", *folders, "--collections", str(collection.parent), "--names", "small"]) == 1
    assert "minilm-dense: has another query encoder than" in capsys.readouterr().err


def _check_reference(folder, reference, tolerance):
    encoder = QueryEncoder(folder)
    assert encoder.sha256 == reference["encoderSha256"]
    session = open_session(folder / "interpreter.onnx", 1)
    for own in reference["texts"]:
        read = encoder.read([own["text"]])[0]
        assert read.ids == own["tokenIds"]
        states = encoder.states([read.ids])[0].astype(np.float32)[None]
        log_tags, odds = session.run(["log_tags", "odds"], {"token_states": states})
        np.testing.assert_allclose(log_tags[0], own["logTags"], atol=tolerance)
        np.testing.assert_allclose(odds[0], own["odds"], atol=tolerance)


def test_an_example_says_where_its_tags_change():
    example = Example(
        (("either ", Tag.JOIN), ("red shoes", Tag.INSIDE), (" or ", Tag.JOIN), ("hats", Tag.INSIDE)), disjunction=True
    )
    assert [example.tag_at(example.text.index(word)) for word in ("either", "red", "shoes", "or", "hats")] == [
        Tag.JOIN,
        Tag.BEGIN,
        Tag.INSIDE,
        Tag.JOIN,
        Tag.BEGIN,
    ]
