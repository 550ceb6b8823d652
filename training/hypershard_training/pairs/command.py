"""``python -m hypershard_training train-cross-encoder CONFIG --out FOLDER``."""

import argparse
import signal
import sys
from pathlib import Path

from hypershard_training.pairs.settings import load_pair_settings
from hypershard_training.pairs.train_pairs import RESULT_FOLDER, Asked, train_pairs
from hypershard_training.train.train_run import Stopped
from hypershard_training.train.training_error import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``train-cross-encoder``."""
    parser.add_argument("config", type=Path, help="a YAML file, described in docs/training.md")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument("--resume", action="store_true", help="go on from the folder's last checkpoint")
    parser.add_argument("--finish", action="store_true", help="write the result of the last checkpoint without another step")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="override one setting: model.layers=6")


def run(arguments: argparse.Namespace) -> int:
    """Train; returns 0, 1 for a mistake that is told, or 128 + the signal that stopped the run."""
    caught: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: caught.append(received))
    try:
        settings = load_pair_settings(arguments.config, arguments.set)
        train_pairs(settings, arguments.out, Asked(arguments.resume, arguments.finish, lambda: bool(caught)))
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Stopped:
        print(f"stopped; go on with --resume --out {arguments.out}, or write what it has with --finish", file=sys.stderr)
        return 128 + caught[0]
    print(f"python -m hypershard_training export {arguments.out / RESULT_FOLDER} --out MODEL --encoding int8 makes a model of it")
    return 0
