"""How fast PyTorch scores documents with one q-net on the CPU: the yardstick of ``npm run bench -- score --python``.

    python training/hypershard_training/measure/score_torch.py --width 768 --depth 6 --documents 16384 --seconds 5 --threads 2

It does the work of the authors' released q-net in its terms: tensors with a leading query dimension of 1, one einsum a layer
on a copy of the input, then ReLU, layer norm without affine parameters, and the residual (not on the last core layer).
Prints one JSON line. Needs torch alone, and no PYTHONPATH.
"""

import argparse
import json
import time

import torch
import torch.nn.functional as F


class Qnet:
    """``depth`` core layers of ``width`` and the matrix to the score; matrices [1, in, out], biases [1, 1, out]."""

    #: The released models have none there.
    residual_on_last = False

    def __init__(self, width: int, depth: int, generator: torch.Generator) -> None:
        deviation = width**-0.5
        self.matrices = [torch.randn(1, width, width, generator=generator) * deviation for _ in range(depth)]
        self.biases = [torch.randn(1, 1, width, generator=generator) * 0.1 for _ in range(depth)]
        self.last = torch.randn(1, width, 1, generator=generator) * deviation

    def score(self, documents: torch.Tensor) -> torch.Tensor:
        """Documents [1, count, width] to scores [1, count]."""
        x = documents
        for layer, (matrix, bias) in enumerate(zip(self.matrices, self.biases, strict=True)):
            y = torch.einsum("qin,qnh->qih", x.clone(), matrix)
            y += bias
            y = F.layer_norm(F.relu(y), (y.shape[-1],))
            x = y + x if self.residual_on_last or layer < len(self.matrices) - 1 else y
        return torch.einsum("qin,qnh->qih", x, self.last).squeeze(-1)


def documents_per_second(qnet: Qnet, documents: torch.Tensor, block: int, seconds: float) -> float:
    """Score all documents [count, width] block by block, over and over until ``seconds`` have passed, at least once."""
    qnet.score(documents[None, :block])  # allocations and thread start-up are not what is measured
    scored, start = 0, time.perf_counter()
    while True:
        for first in range(0, len(documents), block):
            scored += qnet.score(documents[None, first : first + block]).shape[1]
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                return scored / elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--depth", type=int, default=6, help="core layers; 0 is an inner product")
    parser.add_argument("--documents", type=int, default=16384)
    parser.add_argument("--seconds", type=float, default=5.0, help="time for each block size")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--blocks", default="2048", help="documents a block; of several, comma-separated, the best counts")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    generator = torch.Generator().manual_seed(1)
    qnet = Qnet(arguments.width, arguments.depth, generator)
    documents = torch.randn(arguments.documents, arguments.width, generator=generator)
    with torch.inference_mode():
        speeds = {
            block: documents_per_second(qnet, documents, block, arguments.seconds)
            for block in map(int, arguments.blocks.split(","))
        }
    best = max(speeds, key=speeds.__getitem__)
    line = {
        "width": arguments.width,
        "depth": arguments.depth,
        "documentsPerSecond": round(speeds[best], 1),
        "block": best,
        "blocks": {str(block): round(speed, 1) for block, speed in speeds.items()},
        "torch": torch.__version__,
        "threads": arguments.threads,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
