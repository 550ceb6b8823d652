"""``python -m hypershard_training train CONFIG --out FOLDER``."""

import argparse
import signal
import sys
from pathlib import Path

import torch

from hypershard_training.train.settings import load_settings
from hypershard_training.train.train_run import Stopped, train
from hypershard_training.train.training_error import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train``."""
    parser.add_argument("config", type=Path, help="a YAML file, described in docs/training.md")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last checkpoint")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting: model.depth=4")


def run(arguments: argparse.Namespace) -> int:
    """Train; returns 0, 1 for a mistake that is told, or 128 + the signal that stopped the run."""
    caught: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: caught.append(received))
    available = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(available if arguments.device == "auto" else arguments.device)
    try:
        settings = load_settings(arguments.config, arguments.set)
        train(settings, arguments.out, device, resume=arguments.resume, stopping=lambda: bool(caught))
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stopped:
        print(f"stopped; go on with --resume --out {arguments.out}", file=sys.stderr)
        return 128 + caught[0]
    return 0
