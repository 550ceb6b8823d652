"""Make the runs, judgements and metric values that hypershard's evaluation is tested against.

    python -m hypershard_training.reference.evaluation --out ../test/fixtures/evaluation

Each case is a TREC run and a TREC qrels file, made from its seed, and the values that trec_eval gives for them through
pytrec_eval: for every query with judgements, and as means over all of those, queries without hits counting as 0 (what
``trec_eval -c`` prints).
"""

import argparse
import json
import random
import struct
from dataclasses import dataclass
from pathlib import Path

import pytrec_eval

FORMAT = "hypershard.evaluation-reference/1"
DEPTHS = (1, 3, 5, 10, 20, 100)
#: By trec_eval's name: the measures that need no cut of the run.
MEASURES = {"ndcg", "map", "set_recall", "recip_rank"} | {
    f"{name}.{','.join(map(str, DEPTHS))}" for name in ("ndcg_cut", "map_cut", "recall")
}
#: Code points whose order in UTF-8 and in UTF-16 differs, accents, and characters of two columns.
UNICODE_MARKS = ("e", "é", "潮", "\uffee", "\U00010000", "\U0001f30a")

Qrels = dict[str, dict[str, int]]
Run = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Case:
    name: str
    seed: int
    queries: int = 10
    #: Most hits a query; at least one.
    hits: int = 30
    grades: tuple[int, ...] = (0, 1)
    #: ``distinct``, ``tied`` (few values) or ``close`` (differences around what a 32-bit float tells apart).
    scores: str = "distinct"
    unicode_ids: bool = False
    #: Queries only in the judgements, only in the run, and judged without anything relevant.
    gaps: bool = False


CASES = (
    Case("binary", 1),
    Case("graded", 2, grades=(0, 0, 1, 2, 3, 4)),
    Case("negative-grades", 3, grades=(-2, -1, 0, 1, 3)),
    Case("ties", 4, grades=(0, 1, 2), scores="tied"),
    Case("close-scores", 5, grades=(0, 1, 2), scores="close"),
    Case("unicode-ids", 6, queries=8, grades=(0, 1, 2), scores="tied", unicode_ids=True),
    Case("gaps", 7, queries=16, grades=(-1, 0, 1, 2), scores="tied", gaps=True),
    Case("deep", 10, queries=3, hits=400, grades=(0, 1, 2)),
)


def make_case(case: Case) -> tuple[Qrels, Run]:
    """Judgements and run of a case; about a third of the judged documents are not found and most hits not judged."""
    rng = random.Random(case.seed)
    qrels: Qrels = {}
    run: Run = {}
    for number in range(case.queries):
        query = f"q{number}"
        documents = [_document_id(rng, case, i) for i in range(2 * case.hits)]
        rng.shuffle(documents)
        judged = rng.sample(documents, rng.randrange(1, case.hits))
        grades = case.grades
        if case.gaps and number % 4 == 2:
            grades = tuple(grade for grade in case.grades if grade <= 0)
        if not (case.gaps and number % 4 == 1):
            qrels[query] = {document: rng.choice(grades) for document in judged}
        if not (case.gaps and number % 4 == 3):
            found = documents[: rng.randrange(1, case.hits + 1)]
            run[query] = {document: _score(rng, case) for document in found}
    return qrels, run


def trec_values(qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """By query with judgements the value of each metric, by our name; 0 for queries without hits."""
    whole = pytrec_eval.RelevanceEvaluator(qrels, MEASURES).evaluate(run)
    cut = {depth: _reciprocal_rank(qrels, run, depth) for depth in DEPTHS}
    values = {}
    for query in qrels:
        row = whole.get(query, {})
        named = {"nDCG": "ndcg", "MRR": "recip_rank", "MAP": "map", "Recall": "set_recall"}
        for depth in DEPTHS:
            named |= {f"nDCG@{depth}": f"ndcg_cut_{depth}", f"MAP@{depth}": f"map_cut_{depth}"}
            named |= {f"Recall@{depth}": f"recall_{depth}"}
        values[query] = {ours: row.get(theirs, 0.0) for ours, theirs in named.items()}
        values[query] |= {f"MRR@{depth}": cut[depth].get(query, {}).get("recip_rank", 0.0) for depth in DEPTHS}
    return values


def case_entry(case: Case) -> dict:
    """A case in ``cases.json``: the values of each query and their means, every metric in the order of ``metrics``."""
    values = trec_values(*make_case(case))
    metrics = sorted(next(iter(values.values())))
    rows = {query: [row[metric] for metric in metrics] for query, row in values.items()}
    means = [sum(column) / len(rows) for column in zip(*rows.values(), strict=True)]
    return {"name": case.name, "metrics": metrics, "means": means, "queries": rows}


def qrels_text(qrels: Qrels) -> str:
    return "".join(f"{query} 0 {document} {grade}\n" for query, row in qrels.items() for document, grade in row.items())


def run_text(run: Run) -> str:
    """The rank column counts lines: what trec_eval ignores, a reader of these files must not trust either."""
    return "".join(
        f"{query} Q0 {document} {rank} {score!r} reference\n"
        for query, row in run.items()
        for rank, (document, score) in enumerate(row.items(), start=1)
    )


def _document_id(rng: random.Random, case: Case, number: int) -> str:
    return f"d{rng.choice(UNICODE_MARKS)}{number}" if case.unicode_ids else f"d{number}"


def _score(rng: random.Random, case: Case) -> float:
    if case.scores == "tied":
        return rng.randrange(5) / 4 - 0.5
    if case.scores == "close":
        return 10 + rng.randrange(40) * 1e-7
    return round(rng.uniform(-5, 5), 6)


def _reciprocal_rank(qrels: Qrels, run: Run, depth: int) -> dict[str, dict[str, float]]:
    """recip_rank of the run cut at ``depth`` in trec_eval's order: 32-bit scores and then ids, both descending."""
    cut = {}
    for query, row in run.items():
        ranked = sorted(row.items(), key=lambda hit: (_float32(hit[1]), hit[0].encode()), reverse=True)
        cut[query] = dict(ranked[:depth])
    return pytrec_eval.RelevanceEvaluator(qrels, {"recip_rank"}).evaluate(cut)


def _float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs, the judgements and cases.json")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        qrels, run = make_case(case)
        (out / f"{case.name}.qrels").write_text(qrels_text(qrels), encoding="utf-8")
        (out / f"{case.name}.trec").write_text(run_text(run), encoding="utf-8")
    entries = ",\n".join(json.dumps(case_entry(case), separators=(",", ":")) for case in CASES)
    path = out / "cases.json"
    path.write_text(f'{{"format":{json.dumps(FORMAT)},"cases":[\n{entries}\n]}}\n')
    print(f"{out}: {len(CASES)} cases, {sum(file.stat().st_size for file in out.iterdir()):,} bytes")


if __name__ == "__main__":
    main()
