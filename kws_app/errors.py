"""The errors that a user may see. Each message is one sentence: what happened and what to do."""


class AudioError(Exception):
    """A device or an audio file that cannot be used."""


class ModelError(Exception):
    """A model file that cannot be used."""


class ActionError(Exception):
    """An action that failed."""


class LabelError(Exception):
    """A label that would be wrong in training."""


def brief(error: Exception) -> str:
    """The type and message of any error, in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
