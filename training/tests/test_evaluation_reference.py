"""The committed runs, judgements and metric values are what the code and trec_eval make."""

import json

import pytest

pytest.importorskip("pytrec_eval", reason="pip install -e '.[evaluation]' compares with trec_eval")

from hypershard_training.reference import evaluation as reference


@pytest.mark.parametrize("case", reference.CASES, ids=lambda case: case.name)
def test_committed_case_is_what_the_code_makes(fixtures, case):
    folder = fixtures / "evaluation"
    qrels, run = reference.make_case(case)
    assert (folder / f"{case.name}.qrels").read_text(encoding="utf-8") == reference.qrels_text(qrels)
    assert (folder / f"{case.name}.trec").read_text(encoding="utf-8") == reference.run_text(run)
    committed = {entry["name"]: entry for entry in json.loads((folder / "cases.json").read_text())["cases"]}
    assert committed[case.name] == reference.case_entry(case)


def test_cases_hold_what_they_are_for():
    made = {case.name: reference.make_case(case) for case in reference.CASES}
    qrels, run = made["gaps"]
    assert set(qrels) - set(run) and set(run) - set(qrels)
    assert any(max(grades.values()) <= 0 for grades in qrels.values())
    assert max(len(hits) for hits in made["deep"][1].values()) > max(reference.DEPTHS)
    for name in ("ties", "close-scores", "unicode-ids"):
        assert any(len(set(hits.values())) < len(hits) for hits in made[name][1].values())
