"""``python -m hypershard_training COMMAND``: the commands that users of their own models need.

A command is a module with ``add_arguments(parser)`` and ``run(arguments) -> exit status``. It is imported only when it is asked
for, so that one command does not need what another imports.
"""

import argparse
import importlib
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    module: str
    summary: str
    #: The group of optional dependencies in ``pyproject.toml``.
    extra: str


COMMANDS = {
    "train": Command("hypershard_training.train.command", "train a Hypencoder on your own corpus", "train"),
    "pack": Command("hypershard_training.train.pack_command", "put all that a run needs into one small folder", "train"),
    "train-cross-encoder": Command("hypershard_training.pairs.command", "train a cross-encoder that reranks hits", "train"),
    "rank": Command("hypershard_training.train.rank_command", "rank a collection by a run, BM25 or the backbone", "train"),
    "interpreter": Command("hypershard_training.interpret.command", 'train what reads "A or B" as two needs', "train"),
    "export": Command("hypershard_training.export.command", "turn a checkpoint into a model directory", "export"),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(prog="python -m hypershard_training", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    chosen = None
    for name, command in COMMANDS.items():
        own = commands.add_parser(name, help=command.summary, description=command.summary)
        if given[:1] == [name]:
            try:
                chosen = importlib.import_module(command.module)
            except ModuleNotFoundError as error:
                print(f"error: {name} needs {error.name}; run: pip install -e '.[{command.extra}]'", file=sys.stderr)
                return 1
            chosen.add_arguments(own)
    parsed = parser.parse_args(given)
    return chosen.run(parsed) if chosen else 2


if __name__ == "__main__":
    sys.exit(main())
