"""The one exception that a checkpoint or an export raises for what its user can mend."""


class CheckpointError(Exception):
    """Says what is wrong, where, and what to do; shown in one line, without a traceback."""
