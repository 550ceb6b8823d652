"""Start a head from that of a finished run: go on training it, or put core layers under a trained dense head."""

from pathlib import Path

from hypershard_training.checkpoint.checkpoint_error import CheckpointError
from hypershard_training.checkpoint.tensors import read_tensors
from hypershard_training.model.model_directory import HEAD_FILE
from hypershard_training.train.hyper_head_module import HyperHead
from hypershard_training.train.training_error import TrainingError

_DENSE_LAST = "matrices.0."


def start_from_run(head: HyperHead, folder: Path) -> None:
    """Copy the run's head into ``head``: of the same architecture whole, of a dense head (depth 0) what makes the last matrix.

    Under a dense head the core layers start as they were initialised, so that with ``initialise: dense`` the first ranking is that
    of the run. Raises TrainingError where there is no head, or one that does not fit.
    """
    path = folder / HEAD_FILE
    try:
        stored = read_tensors([path])
    except (OSError, CheckpointError) as error:
        raise TrainingError(f"model.startFrom must name the folder of a finished run: {error}") from error
    own = head.state_dict()
    if all(name.startswith(_DENSE_LAST) for name in stored):
        last = f"matrices.{len(head.matrices) - 1}."
        stored = {last + name.removeprefix(_DENSE_LAST): value for name, value in stored.items()}
    elif stored.keys() != own.keys():
        raise TrainingError(f"{path}: has another depth than model.depth; start from a run of that depth, or from a dense head")
    for name, value in stored.items():
        if name not in own or own[name].shape != value.shape:
            raise TrainingError(f"{path}: {name} does not fit this model; start from a run over the same backbone")
    head.load_state_dict(own | stored)
