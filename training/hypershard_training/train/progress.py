"""What a run tells: a line on the console, two JSONL files, and curves as PNG and SVG."""

import json
import sys
import time
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

SECONDS_BETWEEN_LINES = 5.0
#: Share of a new value in the smoothed curve that is drawn over the raw losses.
SMOOTHING = 0.05


class Progress:
    """Appends to ``log.jsonl`` and ``validation.jsonl`` in a run folder."""

    def __init__(self, folder: Path, first_step: int) -> None:
        self.folder = folder
        self._drop_after(first_step)
        self.told = 0.0
        self.started, self.first_step = time.monotonic(), first_step

    def step(self, step: int, steps: int, batch: int, values: dict[str, float]) -> None:
        """Record the loss of one finished step (counted from 1)."""
        self._append("log.jsonl", {"step": step, **values})
        now = time.monotonic()
        if now - self.told >= SECONDS_BETWEEN_LINES or step == steps:
            self.told = now
            rate = (step - self.first_step) * batch / (now - self.started)
            left = (steps - step) * batch / rate
            self.tell(f"step {step:,} of {steps:,}  loss {values['loss']:.4f}  {rate:,.0f} queries/s  {left / 60:.0f} min left")

    def validation(self, step: int, ndcg: dict[str, float]) -> None:
        """Record nDCG@10 by source and redraw the curves."""
        self._append("validation.jsonl", {"step": step, "ndcgAt10": ndcg})
        self.tell(f"step {step:,}  nDCG@10 " + "  ".join(f"{name} {value:.4f}" for name, value in ndcg.items()))
        self.draw_curves()

    def tell(self, line: str) -> None:
        """One line for whoever watches."""
        print(line, file=sys.stderr, flush=True)

    def draw_curves(self) -> None:
        """Write ``curves.png`` and ``curves.svg``: loss parts above, validation below."""
        log, validation = self._read("log.jsonl"), self._read("validation.jsonl")
        figure, (above, below) = pyplot.subplots(2, 1, figsize=(9, 8), layout="constrained")
        if log:
            _draw_losses(above, log)
        if validation:
            for name in validation[0]["ndcgAt10"]:
                steps = [row["step"] for row in validation]
                below.plot(steps, [row["ndcgAt10"][name] for row in validation], marker="o", label=name)
            below.legend(fontsize="small")
        above.set(title="loss", xlabel="step")
        below.set(title="nDCG@10 of held-out queries", xlabel="step")
        for suffix in ("png", "svg"):
            figure.savefig(self.folder / f"curves.{suffix}", dpi=120)
        pyplot.close(figure)

    def _append(self, name: str, row: dict) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def _read(self, name: str) -> list[dict]:
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _drop_after(self, step: int) -> None:
        """Forget what a killed run recorded after its last checkpoint: it is done again."""
        for name in ("log.jsonl", "validation.jsonl"):
            kept = [json.dumps(row) + "\n" for row in self._read(name) if row["step"] <= step]
            (self.folder / name).write_text("".join(kept))


def _draw_losses(axes: pyplot.Axes, log: list[dict]) -> None:
    steps = [row["step"] for row in log]
    for index, name in enumerate(key for key in log[0] if key not in ("step", "learningRate")):
        values = [row[name] for row in log]
        smooth, last = [], values[0]
        for value in values:
            last += SMOOTHING * (value - last)
            smooth.append(last)
        axes.plot(steps, values, color=f"C{index}", alpha=0.2, linewidth=0.7)
        axes.plot(steps, smooth, color=f"C{index}", label=name)
    axes.legend(fontsize="small")
