"""A short soak passes, and its account counts correctly."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kws_app.history.facts import DetectionRecord, now_iso
from tests.soak.account import Account, Said
from tests.soak.faults import Disturbance, Fault
from tests.soak.process import Footprint
from tests.soak.sound_server import PROGRAMS
from tests.support.paths import REPOSITORY
from tests.support.programs import require
from tests.support.waiting import PATIENCE_S

RECORD = DetectionRecord(now_iso(), None, "mic", "happy", "happy/teacher", 1.0, 0.9)
FAULT = Fault("unplugged", lambda: None)
STALL = Fault("stalled", lambda: None, silences=False)


def account(said: list[Said], detections: list[float], *disturbances: Disturbance) -> Account:
    return Account(said=said, detections=[(at, RECORD) for at in detections], disturbances=list(disturbances))


def test_a_keyword_is_heard_or_missed_or_does_not_count():
    said = [Said(at, at + 2.0, True, True) for at in (0.0, 10.0, 20.0, 30.0)] + [Said(40.0, 42.0, False, True)]
    away = Disturbance(FAULT, begun=20.5, ended=24.0, noticed=21.0, resumed=25.0)
    found = account(said, [1.5, 31.0, 41.0], away)
    assert found.counts() == (3, 2, 1)  # 10 was missed, 20 excused, 41 is a false alarm
    assert "1.5 s" not in " ".join(found.puzzles()) and len(found.puzzles()) == 2
    assert any("2 of 3" in sentence for sentence in found.failures())


def test_a_missed_word_is_shown_with_its_highest_score():
    said = [Said(at, at + 2.0, True, True, f"keyword-{at:.0f}") for at in (100.0, 110.0)]
    found = account(said, [], Disturbance(STALL, 90.0, 95.0, None, 95.0))
    for at, score in ((99.9, 0.9), (100.5, 0.1), (103.4, 0.21), (103.6, 0.9)):
        found.scores.add(at, score)
    first, second = found.puzzles()
    assert first.split(", ") == [
        "  missed keyword-100 at 0.0 s",
        "2.0 s long",
        "highest probability 0.21",
        "10.0 s after “stalled” began",
    ]
    assert "keyword-110 at 10.0 s" in second and "no score in this time" in second


def test_a_word_during_a_stall_may_come_late():
    said = [Said(0.0, 2.0, True, True)]
    assert account(said, [6.0]).counts() == (1, 0, 1)
    assert account(said, [6.0], Disturbance(STALL, 1.0, 6.0, None, 6.0)).counts() == (1, 1, 0)


def test_a_late_fault_an_endless_fault_and_growth_fail():
    late = Disturbance(FAULT, begun=0.0, ended=5.0, noticed=1.9, resumed=6.0)
    endless = Disturbance(FAULT, begun=0.0, ended=5.0, noticed=0.5)
    found = account([], [], late, endless)
    found.at_half, found.at_end = Footprint(300, 15, 5), Footprint(300, 30, 5)
    sentences = found.failures()
    assert len(sentences) == 3
    assert "noticed after 1.9 s" in sentences[0] and "over never" in sentences[1] and "The process grew" in sentences[2]
    found.at_start, found.at_half, found.at_end = Footprint(300, 15, 6), Footprint(300, 9, 5), Footprint(300, 15, 5)
    assert len(found.failures()) == 2  # the microphone was away at half time
    assert "1 never" in "\n".join(found.lines())


@pytest.mark.nightly
def test_a_soak_of_seconds_passes(python: Callable[..., "subprocess.Popen[str]"], tmp_path: Path):
    require("espeak-ng", *PROGRAMS)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    arguments = ["-X", "faulthandler", "-m", "tests.soak", "--hours", "0.0025", "--fault-every", "1"]
    process = python(arguments, environment)
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert "listened       0.00 h" in output
    assert " 1 x " in output, output
    assert process.returncode in (0, 1), output  # a busy machine may break a promise of seconds
    assert "The process grew" not in output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_accelerated_minutes_pass(tmp_path: Path):
    require("espeak-ng")
    command = [sys.executable, "-m", "tests.soak", "--accelerated", "--hours", "0.05"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 lost" in done.stdout
    # the sound library makes a folder pulse-*
    left = [path for path in tmp_path.iterdir() if not path.name.startswith("pulse-")]
    assert left == []


@pytest.mark.parametrize("options", [["--hours", "0"], ["--hours", "nan"], ["--fault-every", "-1"]])
def test_absurd_options_are_refused(options: list[str]):
    from tests.soak.__main__ import parse_arguments

    with pytest.raises(SystemExit):
        parse_arguments(options)
