"""``python -m hypershard_training interpreter MODEL… --collections FOLDER``."""

import argparse
import sys
from pathlib import Path

import torch

from hypershard_training.interpret.encode_texts import QueryEncoder
from hypershard_training.interpret.read_material import read_material
from hypershard_training.interpret.reference import write_reference
from hypershard_training.interpret.train_tagger import TaggerSettings, train_tagger
from hypershard_training.interpret.write_interpreter import write_interpreter
from hypershard_training.train.training_error import TrainingError

COLLECTIONS = "arxiv,medquad,squad-dev,techdocs,scifact"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``interpreter``."""
    defaults = TaggerSettings()
    add = parser.add_argument
    add("models", type=Path, nargs="+", metavar="MODEL", help="model directories with one query encoder; each gets the files")
    add("--collections", type=Path, required=True, help="a folder with collections in BEIR layout")
    add("--names", default=COLLECTIONS, help="those whose train queries are read, with commas between (default: %(default)s)")
    add("--cache", type=Path, default=Path("cache"), help="folder for token states: a run that was stopped goes on")
    add("--seed", type=int, default=defaults.seed)
    add("--examples", type=int, default=defaults.examples, help="texts that are made (default: %(default)s)")
    add("--epochs", type=int, default=defaults.epochs)
    add("--reference", type=Path, help="also write what PyTorch makes of some texts into this file, for tests")


def run(arguments: argparse.Namespace) -> int:
    """Train and write; returns 0, or 1 for a mistake that is told in one line."""
    # One step waits for the one before: more threads wait with it.
    torch.set_num_threads(1)
    settings = TaggerSettings(seed=arguments.seed, examples=arguments.examples, epochs=arguments.epochs)
    try:
        encoder, *others = [QueryEncoder(folder) for folder in arguments.models]
        for folder, other in zip(arguments.models[1:], others, strict=True):
            if other.sha256 != encoder.sha256:
                raise TrainingError(f"{folder}: has another query encoder than {arguments.models[0]}; train one for it alone")
        names = arguments.names.split(",")
        material = [read_material(arguments.collections / name, settings.seed) for name in names]
        trained = train_tagger(encoder, material, settings, arguments.cache, lambda line: print(line, flush=True))
        source = f"hypershard_training, seed {settings.seed}, on queries of {', '.join(names)}"
        for folder in arguments.models:
            write_interpreter(folder, trained.tagger, encoder, threshold=trained.threshold, source=source)
        if arguments.reference:
            write_reference(arguments.reference, trained.tagger, encoder)
    except (TrainingError, OSError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 1
    return 0
