"""Runs the actions of a detection, each in a thread of its own. Few actions run at the same time.

`set_off` and `try_out` return at once. The outcome of an action is reported from its thread.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from kws_app.actions.chime import chime
from kws_app.actions.choices import KeywordActions, MediaKeyChoice
from kws_app.actions.command import Command
from kws_app.actions.event import DetectionEvent
from kws_app.actions.media_key import MediaKey, press_media_key
from kws_app.actions.program import OpenedProgram
from kws_app.audio.ring import Samples
from kws_app.errors import ActionError, AudioError
from kws_app.translation import _

MOST_AT_ONCE = 4  # actions of each kind, so that commands that hang do not pile up
SHUT_DOWN_S = 0.5  # the longest wait for the threads of ended actions

log = logging.getLogger(__name__)


class Kind(Enum):
    """The kinds of action."""

    PROGRAM = "program"
    MEDIA_KEY = "media key"
    COMMAND = "command"
    WEBHOOK = "web hook"
    SOUND = "sound"
    NOTIFICATION = "notification"


WHAT = {
    Kind.PROGRAM: _("The program"),
    Kind.MEDIA_KEY: _("The media key"),
    Kind.COMMAND: _("The command"),
    Kind.WEBHOOK: _("The web hook"),
    Kind.SOUND: _("The sound"),
    Kind.NOTIFICATION: _("The notification"),
}


@dataclass(frozen=True)
class Outcome:
    """The outcome of an action. failure: one sentence; empty if it worked"""

    kind: Kind
    keyword: str
    failure: str
    tried: bool  # with the button, not by a detection
    id: str = ""  # of the detection that set it off


class Running(Protocol):
    """An action that runs."""

    def run(self) -> None:
        """Run the action to its end. raises ActionError or AudioError"""

    def end(self) -> None:
        """End the action early, from another thread."""


Play = Callable[[Samples, threading.Event], None]
Notify = Callable[[DetectionEvent], None]
Press = Callable[[MediaKey], None]


class KeyPress:
    """A media key, once."""

    def __init__(self, press: Press, choice: MediaKeyChoice) -> None:
        self._press, self._key = press, choice.key

    def run(self) -> None:
        self._press(self._key)

    def end(self) -> None:
        """Not needed: it has a time limit of its own."""


class Sound:
    """The chime, once."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._stop = threading.Event()

    def run(self) -> None:
        self._play(chime(), self._stop)

    def end(self) -> None:
        self._stop.set()


class Notification:
    """A notification on the desktop."""

    def __init__(self, notify: Notify, event: DetectionEvent) -> None:
        self._notify, self._event = notify, event

    def run(self) -> None:
        self._notify(self._event)

    def end(self) -> None:
        """Not needed: it has a time limit of its own."""


class ActionRunner:
    """Starts actions. Only one thread uses it. `report` is called once for each action, mostly from its thread."""

    def __init__(
        self, report: Callable[[Outcome], None], play: Play, notify: Notify, press: Press = press_media_key
    ) -> None:
        """play: plays samples at 16 kHz to the end, or until the event is set
        notify: shows a notification
        press: presses a media key

        `play`, `notify` and `press` are called in the thread of the action. They raise ActionError or AudioError.
        """
        self._press = press
        self._report = report
        self._play = play
        self._notify = notify
        self._lock = threading.Lock()
        self._running: dict[Kind, list[tuple[threading.Thread, Running]]] = {kind: [] for kind in Kind}
        self._closed = False

    def set_off(self, actions: KeywordActions, event: DetectionEvent) -> None:
        """Run every action that is switched on."""
        for kind, on in (
            (Kind.PROGRAM, actions.program.on),
            (Kind.MEDIA_KEY, actions.media_key.on),
            (Kind.COMMAND, actions.command.on),
            (Kind.WEBHOOK, actions.webhook.on),
            (Kind.SOUND, actions.sound),
            (Kind.NOTIFICATION, actions.notification),
        ):
            if on:
                self._start(kind, actions, event, tried=False)

    def try_out(self, kind: Kind, actions: KeywordActions, event: DetectionEvent) -> None:
        """Run one action, whether it is switched on or not."""
        self._start(kind, actions, event, tried=True)

    def shut_down(self) -> bool:
        """End every action that runs. Returns whether every thread has ended."""
        with self._lock:
            self._closed = True
            running = [each for kind in self._running.values() for each in kind]
        for _thread, action in running:
            action.end()
        deadline = time.monotonic() + SHUT_DOWN_S
        for thread, _action in running:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread, _action in running)

    def _start(self, kind: Kind, actions: KeywordActions, event: DetectionEvent, tried: bool) -> None:
        def report(failure: str) -> None:
            self._report(Outcome(kind, event.keyword, failure, tried, event.id))

        try:
            action = self._action(kind, actions, event)
        except ActionError as error:
            report(str(error))
            return
        with self._lock:
            if self._closed:
                return
            busy = len(self._running[kind]) >= MOST_AT_ONCE
            if not busy:
                thread = threading.Thread(
                    target=self._run, args=(kind, action, report), name=f"action: {kind.value}", daemon=True
                )
                self._running[kind].append((thread, action))
                thread.start()
        if busy:
            report(
                _(
                    "{what} was skipped, because {count} earlier runs have not ended.",
                    what=WHAT[kind],
                    count=MOST_AT_ONCE,
                )
            )

    def _action(self, kind: Kind, actions: KeywordActions, event: DetectionEvent) -> Running:
        if kind is Kind.SOUND:
            return Sound(self._play)
        if kind is Kind.NOTIFICATION:
            return Notification(self._notify, event)
        if kind is Kind.PROGRAM:
            return OpenedProgram(actions.program, event)
        if kind is Kind.MEDIA_KEY:
            return KeyPress(self._press, actions.media_key)
        if kind is Kind.COMMAND:
            return Command(actions.command, event)
        from kws_app.actions.webhook import Webhook  # late, as HTTP takes long to import

        return Webhook(actions.webhook, event)

    def _run(self, kind: Kind, action: Running, report: Callable[[str], None]) -> None:
        failure = ""
        try:
            action.run()
        except (ActionError, AudioError) as error:
            failure = str(error)
        except Exception as error:  # any error: the user must know
            log.exception("An action failed with an unexpected error.")
            failure = _("{what} failed ({error}).", what=WHAT[kind], error=f"{type(error).__name__}: {error}")
        with self._lock:
            me = threading.current_thread()
            self._running[kind] = [each for each in self._running[kind] if each[0] is not me]
            closed = self._closed
        if not closed:
            report(failure)
