"""The errors that a user may be shown; each message is one sentence that says what happened or what to do."""


class AudioError(Exception):
    """A device or an audio file that cannot be used."""


class ModelError(Exception):
    """A model artifact that cannot be used."""


class ActionError(Exception):
    """Something that a detection should have set off, and did not."""


class LabelError(Exception):
    """A label that would teach the next model something wrong."""


def brief(error: Exception) -> str:
    """An error of any kind in one line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
