"""What is plugged in now, also while a microphone is open. Called on the thread of the device scan.

PortAudio sees devices only when it starts, and starting it again ends the stream that is open. A short process looks
instead: some 0.2 s of a core, so only when somebody is about to read the list.
"""

import json
import logging
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from kws_app.audio import Microphone, has_open_stream, list_microphones

LIST_OPTION = "--list-microphones"  # of kws-app
ANSWER_S = 10.0  # a machine under load; a sound system that hangs is left alone after this

log = logging.getLogger(__name__)


def look_for_microphones(rescan: bool) -> list[Microphone]:
    """As `list_microphones`, but a rescan sees new devices in any case, and disturbs nothing that is open.

    raises AudioError if there is none
    """
    if rescan and has_open_stream():
        try:
            return _seen_by_a_process()
        except (OSError, subprocess.SubprocessError, ValueError, TypeError) as error:
            log.warning("The look for new microphones failed (%s): those known before are listed.", error)
    return list_microphones(rescan)


def print_microphones() -> None:
    """One JSON object a line. raises AudioError if there is none"""
    for microphone in list_microphones():
        print(json.dumps(asdict(microphone)))


def _seen_by_a_process() -> list[Microphone]:
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "kws_app"]
    done = subprocess.run(
        [*program, LIST_OPTION],
        cwd=Path(__file__).resolve().parent.parent,  # -m looks there first
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=ANSWER_S,
        check=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows opens a console without it
    )
    return [Microphone(**json.loads(line)) for line in done.stdout.splitlines()]
