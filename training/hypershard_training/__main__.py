"""``python -m hypershard_training <command>``; each command is imported only when it is asked for."""

import argparse
import importlib
import sys

#: Command, the module with ``add_arguments`` and ``run``, and what it does.
COMMANDS = {
    "train": ("hypershard_training.training.command", "train a Hypencoder, or a dense head, on your own corpus"),
    "export": ("hypershard_training.export_run", "write what was trained as a model directory that hypershard serves"),
}


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    if not arguments or arguments[0] not in COMMANDS:
        listed = "\n".join(f"  {name:10} {summary}" for name, (_, summary) in COMMANDS.items())
        print(f"usage: python -m hypershard_training <command> …\n\n{listed}", file=sys.stderr)
        return 2
    name, *rest = arguments
    module = importlib.import_module(COMMANDS[name][0])
    parser = argparse.ArgumentParser(prog=f"python -m hypershard_training {name}", description=COMMANDS[name][1])
    module.add_arguments(parser)
    return module.run(parser.parse_args(rest))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
