"""Presses a media key on Windows and on a Mac. Runs in the calling thread; no Qt.

On other systems kws_app/ui/actions/media_players.py uses the message bus. Without a bus, this module raises an error.
"""

import subprocess
import sys
from enum import Enum

from kws_app.errors import ActionError
from kws_app.translation import _

LIMIT_S = 5.0  # longest wait for the player on a Mac


class MediaKey(Enum):
    """The media keys."""

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
    """Press a key. raises ActionError, in one sentence, if this is not possible here"""
    if sys.platform == "win32":
        import ctypes

        for flags in (0, _KEY_UP):
            ctypes.windll.user32.keybd_event(_VIRTUAL_KEYS[key], 0, flags, 0)
    elif sys.platform == "darwin":
        _tell_music(_MUSIC_COMMANDS[key])
    else:
        raise ActionError(_("Media keys do not work here: this session has no message bus."))


def _tell_music(command: str) -> None:
    """Send a command to the Music app. A Mac lets a program press keys only with the user's permission."""
    script = f'tell application "Music" to {command}'
    try:
        subprocess.run(["osascript", "-e", script], check=True, capture_output=True, timeout=LIMIT_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise ActionError(_("The player cannot be reached ({error}).", error=error)) from error
