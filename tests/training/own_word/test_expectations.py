"""What a user is told to expect of a new word: of others, of the user, and while it learns."""

import json
from pathlib import Path

import numpy as np
import pytest

from training.own_word.make import Made
from training.own_word.measure import Measured
from training.own_word.progress_json import JsonProgress

TALK = np.array([3.0, 2.0, 0.5])
WORDS = np.array([4.0, 5.0, 0.0, 6.0, 1.0, 7.0, 8.0])  # the last three are the user's own


def made(recorded: int, recordings: int) -> Made:
    return Made(Path("m/boom/expert.safetensors"), Measured(TALK, 5.0, WORDS, recorded), 2.5, {}, recordings, ())


def test_others_and_the_user_are_told_apart():
    said = made(recorded=3, recordings=20).describe()
    assert "Other people: it missed 1 of 4 sounds" in said
    assert "You: it missed 1 of 3 sounds" in said
    assert "1 false alarm in 5.0 h" in said


def test_too_few_recordings_say_that_nothing_is_known_of_the_user():
    said = made(recorded=0, recordings=5).describe()
    assert "Other people: it missed 2 of 7 sounds" in said
    assert "You: 5 recordings are too few" in said
    assert "You:" not in made(recorded=0, recordings=0).describe()


def test_the_curve_falls_where_fewer_alarms_are_allowed():
    rates = made(recorded=0, recordings=0).curve()
    alarms, missed = zip(*rates, strict=True)
    assert list(alarms) == sorted(alarms, reverse=True) and list(missed) == sorted(missed)
    assert alarms[0] == pytest.approx(3 / 5.0) and missed[-1] == 1.0


def test_a_curve_is_told_with_how_far_the_training_is(capsys: pytest.CaptureFixture[str]):
    progress = JsonProgress(with_students=False).progress
    progress.step("head 1", 50, 100)
    progress.show_curve([(0.5, 0.1)])
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert second == {**first, "curve": [[0.5, 0.1]]} and 0.6 < first["share"] < 0.8
