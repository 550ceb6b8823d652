"""Lets ``python -m hypershard_training.training`` train."""

import argparse
import sys

from hypershard_training.training.command import add_arguments, run

parser = argparse.ArgumentParser(prog="python -m hypershard_training.training")
add_arguments(parser)
sys.exit(run(parser.parse_args()))
