"""The one exception a user meets: what is wrong, where, and what to do."""


class TrainingError(Exception):
    """Bad input or a failed run; its message is shown without a traceback."""
