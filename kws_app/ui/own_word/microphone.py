"""What the wizard needs of the window's microphone."""

from collections.abc import Callable
from dataclasses import dataclass

from kws_app.audio.source import Feed


@dataclass(frozen=True)
class Microphone:
    """The microphone that is chosen in the window."""

    feed: Callable[[], Feed | None]  # what it gives now; None while it is off, or opens
    open: Callable[[], str]  # switches it on where it is off; says in a sentence why it cannot, or nothing
