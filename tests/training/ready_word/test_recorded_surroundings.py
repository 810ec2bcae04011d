"""The recorded rooms, noises and talk in which a shipped word's expert learns: of the training set alone."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.own_word.sequences import CUT_IN
from training.ready_word.ready_config import ready_data
from training.ready_word.recorded_surroundings import NOISE_S, SPEECH_S, recorded_surroundings


def write(path: Path, level: float, seconds: float) -> None:
    """A constant level tells whose sound it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(str(path), np.full(round(seconds * SAMPLE_RATE), level), SAMPLE_RATE)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("aa1", "bb2", "cc3", "dd4", "ee5"):
        write(tmp_path / "more_talk" / "telephone" / f"{name}.wav", 0.1, SPEECH_S + 1)
    write(tmp_path / "more_talk" / "telephone" / "ff6.wav", 0.3, 0.5)  # too short to surround a word
    write(tmp_path / "acted_talk" / "drascula" / "a.wav", 0.2, 3.0)  # for the test alone
    write(tmp_path / "more_noise" / "moodist" / "a.wav", 0.2, 3.0)  # for the test alone
    for name in ("a", "b", "c", "d", "e", "f"):
        write(tmp_path / "more_music" / "wesnoth" / f"{name}.wav", 0.4, NOISE_S + 1)
    write(tmp_path / "rooms" / "hall" / "a.flac", 0.25, 1.5)
    write(tmp_path / "more_rooms" / "hall" / "a.flac", 0.5, 1.5)  # for the test alone
    return tmp_path


def test_only_sound_of_the_training_set_surrounds_a_word(root: Path) -> None:
    around = recorded_surroundings(root, ready_data("happy"))
    assert around.around == CUT_IN
    assert 1 <= len(around.speech) <= 5 and 1 <= len(around.noises) <= 6 and len(around.rooms) == 1
    for sounds, level, seconds in ((around.speech, 0.1, SPEECH_S), (around.noises, 0.4, NOISE_S)):
        for sound in sounds:
            assert np.median(sound) == pytest.approx(level, abs=1e-3) and len(sound) == round(seconds * SAMPLE_RATE)
    assert np.square(around.rooms[0]).sum() == pytest.approx(1.0, rel=1e-3)


def test_the_same_seed_chooses_the_same_sounds(root: Path) -> None:
    first, again = (recorded_surroundings(root, ready_data("happy")) for _ in range(2))
    for one, other in ((first.speech, again.speech), (first.noises, again.noises)):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_no_talk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no talk for training below"):
        recorded_surroundings(tmp_path, ready_data("happy"))
