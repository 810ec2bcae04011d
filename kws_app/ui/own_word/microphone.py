"""The window's microphone, for the wizard."""

from collections.abc import Callable
from dataclasses import dataclass

from kws_app.audio.source import Feed


@dataclass(frozen=True)
class Microphone:
    """The chosen microphone of the window."""

    feed: Callable[[], Feed | None]  # returns its sound; None while it is off or opens
    open: Callable[[], str]  # switches it on; returns why it cannot, in one sentence, or an empty text
