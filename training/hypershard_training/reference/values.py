"""Make the q-net and hyper-head numbers that the TypeScript code is tested against.

    python -m hypershard_training.reference.values --out ../test/fixtures/qnet [--published PATH]

The inputs are not stored: both sides make them from a seed (``counter_random``). The expected values are computed in
float64 from the float32 inputs, so that they are the exact answer for every float32 implementation to be near.
With ``--published`` the authors' repository is imported and run on the same tensors, and the largest difference printed.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import torch

from hypershard_training.model.hyper_head import generate_qnet
from hypershard_training.model.qnet import qnet_scores
from hypershard_training.reference import cases

QNET_FILE = "qnet-cases.json"
HYPER_HEAD_FILE = "hyper-head-cases.json"
FORMAT = "hypershard.reference/1"


def qnet_expected(case: cases.QnetCase, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """The scores [8] of one case, computed in ``dtype`` from the case's float32 tensors."""
    documents, matrices, biases = cases.qnet_tensors(case)
    return qnet_scores(
        case.architecture,
        [torch.from_numpy(tensor).to(dtype) for tensor in matrices],
        [torch.from_numpy(tensor).to(dtype) for tensor in biases],
        torch.from_numpy(documents).to(dtype),
    )


def hyper_head_expected(
    case: cases.HyperHeadCase, dtype: torch.dtype = torch.float64
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Matrices [batch, in, out] and biases [batch, width] of one case, computed in ``dtype``."""
    states, parameters = cases.hyper_head_tensors(case)
    return generate_qnet(
        case.architecture,
        {name: torch.from_numpy(tensor).to(dtype) for name, tensor in parameters.items()},
        torch.from_numpy(states).to(dtype),
        torch.tensor(case.mask),
    )


def qnet_document() -> dict:
    """The content of ``qnet-cases.json``: a seed, an architecture and eight scores a case (9 significant digits)."""
    return {
        "format": FORMAT,
        "cases": [
            {
                "name": case.name,
                "architecture": case.architecture.to_json(),
                "seed": case.seed,
                "documents": cases.DOCUMENTS,
                "scores": _rounded(qnet_expected(case), 9),
            }
            for case in cases.qnet_cases()
        ],
    }


def hyper_head_document() -> dict:
    """The content of ``hyper-head-cases.json``.

    ``expected.matrices[i]`` is layer i's matrix of every batch item, [batch, in, out] row-major in one flat list;
    ``expected.biases[i]`` is [batch, width] likewise (7 significant digits).
    """
    return {"format": FORMAT, "cases": [_hyper_head_entry(case) for case in cases.hyper_head_cases()]}


def write_document(path: Path, document: dict) -> None:
    """One case a line: small, and a change shows as the cases it touches."""
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in document["cases"])
    path.write_text(f'{{"format":{json.dumps(document["format"])},"cases":[\n{lines}\n]}}\n')


def _hyper_head_entry(case: cases.HyperHeadCase) -> dict:
    matrices, biases = hyper_head_expected(case)
    return {
        "name": case.name,
        "modelWidth": case.model_width,
        "tokens": case.tokens,
        "mask": [list(row) for row in case.mask],
        "architecture": case.architecture.to_json(),
        "seed": case.seed,
        "expected": {
            "matrices": [_rounded(tensor, 7) for tensor in matrices],
            "biases": [_rounded(tensor, 7) for tensor in biases],
        },
    }


def _rounded(tensor: torch.Tensor, digits: int) -> list[float]:
    values = [float(f"{value:.{digits}g}") for value in tensor.flatten().tolist()]
    if not all(map(math.isfinite, values)):
        raise ValueError("a reference value is not finite")
    return values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the two JSON files")
    parser.add_argument("--published", type=Path, help="a checkout of the authors' repository to compare with")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, document in ((QNET_FILE, qnet_document()), (HYPER_HEAD_FILE, hyper_head_document())):
        path = arguments.out / name
        write_document(path, document)
        print(f"{path}: {len(document['cases'])} cases, {path.stat().st_size:,} bytes")
    if arguments.published:
        from hypershard_training.reference.published_comparison import compare_with_published

        json.dump(compare_with_published(arguments.published), sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
