"""``python -m hypershard_training rank BY --collection FOLDER --out RUN.trec``."""

import argparse
import sys
from pathlib import Path

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.train.rank_collection import rank_by_backbone, rank_by_bm25, rank_by_run, write_trec_run
from hypershard_training.train.read_sources import read_source
from hypershard_training.train.settings import NO_LIMIT, EncodeSettings, SourceSettings
from hypershard_training.train.training_error import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``rank``."""
    parser.add_argument("by", help="the folder of a finished run, or bm25, or backbone for all-MiniLM-L6-v2 as it is")
    parser.add_argument("--collection", type=Path, required=True, help="a folder in BEIR layout")
    parser.add_argument("--split", default="test", help="rank the queries that this split judges")
    parser.add_argument("--documents-max", type=int, default=NO_LIMIT, help="the first of the corpus, and all judged ones")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where encoded texts are kept")
    parser.add_argument("--out", type=Path, required=True, help="the TREC run to write")


def run(arguments: argparse.Namespace) -> int:
    """Rank; returns 0, or 1 for a mistake that is told."""

    def tell(line: str) -> None:
        print(line, flush=True)

    try:
        name = arguments.collection.resolve().name
        chosen = {"split": arguments.split, "documents_max": arguments.documents_max, "keep_judged": True}
        source = read_source(SourceSettings(name, str(arguments.collection), **chosen))
        if arguments.by == "bm25":
            ranking = rank_by_bm25(source)
        elif arguments.by == "backbone":
            ranking = rank_by_backbone(source, EncodeSettings(), arguments.cache, tell)
        else:
            ranking = rank_by_run(source, Path(arguments.by), arguments.cache, tell)
        write_trec_run(arguments.out, source, ranking, Path(arguments.by).name)
    except (TrainingError, CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.out}: {len(source.queries):,} queries, {len(source.documents):,} documents")
    return 0
