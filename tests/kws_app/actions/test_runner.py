"""The runner: each action runs in its own thread, actions that hang do not pile up, failures are reported."""

import queue
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kws_app.actions.choices import CommandChoice, KeywordActions, MediaKeyChoice, WebhookChoice
from kws_app.actions.event import DetectionEvent
from kws_app.actions.media_key import MediaKey
from kws_app.actions.runner import MOST_AT_ONCE, ActionRunner, Kind, Outcome
from kws_app.audio.ring import Samples
from kws_app.errors import ActionError, AudioError
from tests.support.waiting import PATIENCE_S, until

HEARD = DetectionEvent("happy", "happy/teacher", 0.9, 1.5, "2026-01-02T03:04:05+00:00", "USB mic")


class Bench:
    """A runner whose sound and notification are counted, and fail or hang as told."""

    def __init__(self) -> None:
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self.chimes: list[str] = []  # the threads that played
        self.notified: list[DetectionEvent] = []
        self.fault: Exception | None = None
        self.release = threading.Event()
        self.release.set()
        self.pressed: list[MediaKey] = []
        self.runner = ActionRunner(self.outcomes.put, self._play, self._notify, self.pressed.append)

    def _play(self, samples: Samples, stop: threading.Event) -> None:
        assert len(samples) and not stop.is_set()
        self.release.wait(PATIENCE_S)
        if self.fault is not None:
            raise self.fault
        self.chimes.append(threading.current_thread().name)

    def _notify(self, event: DetectionEvent) -> None:
        self.notified.append(event)

    def next(self) -> Outcome:
        return self.outcomes.get(timeout=PATIENCE_S)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.release.set()
    bench.runner.shut_down()


def action_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("action:")]


def command(*arguments: str, limit_s: float = 30.0) -> KeywordActions:
    return KeywordActions(command=CommandChoice(True, arguments, limit_s))


def test_without_an_action_nothing_happens(bench: Bench):
    bench.runner.set_off(KeywordActions(), HEARD)
    assert bench.outcomes.empty() and not action_threads()


def test_all_that_is_on_is_done_elsewhere(bench: Bench, tmp_path: Path):
    touched = tmp_path / "touched"
    actions = KeywordActions(True, True, CommandChoice(True, ("touch", str(touched))), WebhookChoice(False, "x"))
    bench.runner.set_off(actions, HEARD)
    outcomes = {bench.next().kind for _ in range(3)}
    assert outcomes == {Kind.SOUND, Kind.NOTIFICATION, Kind.COMMAND}
    assert bench.chimes == ["action: sound"] and bench.notified == [HEARD] and touched.exists()


def test_a_media_key_is_pressed_and_the_outcome_names_the_detection(bench: Bench):
    actions = KeywordActions(media_key=MediaKeyChoice(True, MediaKey.NEXT))
    bench.runner.set_off(actions, replace(HEARD, id="20261129T120000000000-abcdef"))
    assert bench.next() == Outcome(Kind.MEDIA_KEY, "happy", "", False, "20261129T120000000000-abcdef")
    assert bench.pressed == [MediaKey.NEXT]


def test_an_action_that_is_off_can_be_tried(bench: Bench):
    bench.runner.try_out(Kind.SOUND, KeywordActions(), HEARD)
    assert bench.next() == Outcome(Kind.SOUND, "happy", "", tried=True)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (AudioError("No loudspeaker."), "No loudspeaker."),
        (ActionError("Not now."), "Not now."),
        (RuntimeError("odd"), "The sound failed (RuntimeError: odd)."),
    ],
)
def test_a_failure_is_one_sentence(bench: Bench, fault: Exception, expected: str):
    bench.fault = fault
    bench.runner.set_off(KeywordActions(sound=True), HEARD)
    assert bench.next() == Outcome(Kind.SOUND, "happy", expected, tried=False)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.COMMAND, "the program first"),
        (Kind.PROGRAM, "the program first"),
        (Kind.WEBHOOK, "Give the web hook's address"),
    ],
)
def test_what_is_not_filled_in_is_said(bench: Bench, kind: Kind, expected: str):
    bench.runner.try_out(kind, KeywordActions(), HEARD)
    outcome = bench.next()
    assert outcome.kind is kind and expected in outcome.failure and outcome.tried


def test_so_many_at_once_and_no_more(bench: Bench):
    bench.release.clear()
    for _ in range(MOST_AT_ONCE + 2):
        bench.runner.set_off(KeywordActions(sound=True), HEARD)
    left_out = [bench.next() for _ in range(2)]
    assert all("was skipped, because 4 earlier runs have not ended" in outcome.failure for outcome in left_out)
    bench.runner.set_off(KeywordActions(notification=True), HEARD)  # each kind for itself
    assert bench.next() == Outcome(Kind.NOTIFICATION, "happy", "", False)
    bench.release.set()
    assert [bench.next().failure for _ in range(MOST_AT_ONCE)] == [""] * MOST_AT_ONCE
    bench.runner.set_off(KeywordActions(sound=True), HEARD)
    assert bench.next().failure == ""


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are POSIX")
def test_closing_ends_what_runs_and_leaves_no_thread(bench: Bench, tmp_path: Path):
    started = tmp_path / "started"
    bench.runner.set_off(command("sh", "-c", f"touch {started}; sleep 1000"), HEARD)
    until(started.exists)
    assert bench.runner.shut_down()
    assert not action_threads() and bench.outcomes.empty()
    bench.runner.set_off(KeywordActions(sound=True), HEARD)
    assert bench.chimes == [] and not action_threads()
