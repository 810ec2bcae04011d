"""A media key, pressed for the user on systems that take it from any program. Runs in the calling thread; no Qt.

On Linux and its kin the players are asked over the desktop's message bus, which kws_app/ui knows: this says so.
"""

import subprocess
import sys
from enum import Enum

from kws_app.errors import ActionError
from kws_app.translation import _

LIMIT_S = 5.0


class MediaKey(Enum):
    """What a key tells the player that plays, or played last."""

    PLAY_PAUSE = "play-pause"
    NEXT = "next"
    PREVIOUS = "previous"
    STOP = "stop"


_VIRTUAL_KEYS = {MediaKey.PLAY_PAUSE: 0xB3, MediaKey.NEXT: 0xB0, MediaKey.PREVIOUS: 0xB1, MediaKey.STOP: 0xB2}
_KEY_UP = 0x0002
_MUSIC_COMMANDS = {
    MediaKey.PLAY_PAUSE: "playpause",
    MediaKey.NEXT: "next track",
    MediaKey.PREVIOUS: "previous track",
    MediaKey.STOP: "stop",
}


def press_media_key(key: MediaKey) -> None:
    """raises ActionError, in one sentence, if this system takes no such key"""
    if sys.platform == "win32":
        import ctypes

        for flags in (0, _KEY_UP):
            ctypes.windll.user32.keybd_event(_VIRTUAL_KEYS[key], 0, flags, 0)
    elif sys.platform == "darwin":
        _tell_music(_MUSIC_COMMANDS[key])
    else:
        raise ActionError(_("Players cannot be reached here: this session has no message bus."))


def _tell_music(command: str) -> None:
    """The Mac's own player; a key cannot be pressed there without a right that the user has to give."""
    script = f'tell application "Music" to {command}'
    try:
        subprocess.run(["osascript", "-e", script], check=True, capture_output=True, timeout=LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise ActionError(_("The player cannot be reached ({error}).", error=error)) from error
