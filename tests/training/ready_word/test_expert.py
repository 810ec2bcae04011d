"""The expert of a word that ships: its recordings by set, its figures on people, and the card that states them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.backends import JITTED, PLAIN
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.model_file import read_card
from kws_app.paths import MODELS_DIR
from training.corpus.recordings import clips_of
from training.own_word.make import QUICK, OwnWord
from training.own_word.talk_embeddings import STEP_S, Talk, TalkStream
from training.progress import StageStoppedError
from training.ready_word import expert
from training.ready_word.expert import ON_PEOPLE, OnPeople, all_talk, make_expert, write_figures
from training.ready_word.ready_config import ready_data
from training.ready_word.word_sounds import linked

FOUND = OnPeople(
    words=np.array([9.0, 7.0, 5.0, 3.0]),
    noisy=np.array([8.0, 4.0, 2.0, 1.0]),
    talk=np.array([8.0, 6.0, 4.0, 2.0, 0.0]),
    hours=4.0,
    threshold=6.5,
)


def record(folder: Path, count: int, lists: bool = True) -> None:
    """Recordings of "plum". The last two are for the test."""
    (folder / "plum").mkdir(parents=True)
    for i in range(count):
        soundfile.write(folder / "plum" / f"{i}.wav", np.full(8000, 0.1, np.float32), 16000)
    if lists:
        (folder / "validation_list.txt").write_text("plum/0.wav\n")
        (folder / "testing_list.txt").write_text(f"plum/{count - 2}.wav\nplum/{count - 1}.wav\n")


def test_a_rate_allows_as_many_alarms_as_fit_into_the_hours() -> None:
    # 4 hours: no alarm at 0.1 an hour, two at 0.5, all at 2; a threshold lies just above the first peak too many
    assert [round(FOUND.threshold_at(rate), 3) for rate in (0.1, 0.5)] == [8.0, 4.0]
    assert FOUND.alarms(FOUND.threshold_at(0.1)) == 0 and FOUND.alarms(FOUND.threshold_at(0.5)) == 2
    card = FOUND.for_card()
    assert card["missed_at"] == {"0.1": 3, "0.5": 1, "2": 0}
    assert card["missed_at_10_db"] == {"0.1": 4, "0.5": 3, "2": 0}
    assert (card["words"], card["missed"], card["missed_10_db"], card["false_alarms"]) == (4, 2, 3, 1)
    assert "of 4 recordings that it had not heard, the expert missed 2" in FOUND.describe("plum")


def test_the_figures_stand_on_the_cards_of_both_files(tmp_path: Path) -> None:
    for name in ("expert.safetensors", "expert.pt"):
        (tmp_path / "happy").mkdir(exist_ok=True)
        shutil.copy(MODELS_DIR / "happy" / name, tmp_path / "happy" / name)
    path = tmp_path / "happy" / "expert.safetensors"
    before = read_card(path)
    write_figures(path, FOUND)
    plain, jitted = (KeywordModel.load(path, engine).card for engine in (PLAIN, JITTED))  # their scores are the card's
    assert plain == jitted and plain.golden == before.golden
    curve = OperatingCurve.of(plain)
    assert curve is not None and (curve.keywords, curve.hours) == (4, 4.0)
    assert (curve.at(0.5).missed, curve.at(0.5).false_alarms) == (2, 1)
    assert plain.data[ON_PEOPLE] == FOUND.for_card()


def test_recordings_have_the_sets_of_their_lists(tmp_path: Path) -> None:
    record(tmp_path / "more_wake_words", 5)
    found = [(clip.path.name, clip.split) for clip in clips_of(tmp_path, "plum")]
    sets = ("validation", "training", "training", "testing", "testing")
    assert found == [(f"{i}.wav", split) for i, split in enumerate(sets)]


def test_recordings_of_all_folders_teach_a_word_whatever_their_names(tmp_path: Path) -> None:
    for name, count in (("wake_words", 3), ("more_wake_words", 5)):
        record(tmp_path / name, count)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "of another set.wav").touch()
    folder = linked([clip.path for clip in clips_of(tmp_path, "plum")], tmp_path / "given")
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"wake_words-{i}.wav" for i in range(3)] + [f"more_wake_words-{i}.wav" for i in range(5)]
    )


def test_recordings_without_sets_are_told(tmp_path: Path) -> None:
    record(tmp_path / "wake_words", 5, lists=False)
    with pytest.raises(ValueError, match="have no sets: run `python -m training fetch --lists wake_words`"):
        clips_of(tmp_path, "plum")
    assert len(clips_of(tmp_path, "plum", with_sets=False)) == 5
    with pytest.raises(ValueError, match="There are no recordings of 'pear'"):
        clips_of(tmp_path, "pear")


def test_too_few_recordings_are_told_before_anything_is_made(tmp_path: Path) -> None:
    record(tmp_path / "wake_words", 30)
    with pytest.raises(ValueError, match="'plum' has 28 recordings to learn from and 2 to test with, and needs 20"):
        make_expert("plum", tmp_path, tmp_path / "work", tmp_path / "models", QUICK)
    assert not (tmp_path / "work").exists()
    record(tmp_path / "more_wake_words", 19)
    shutil.rmtree(tmp_path / "wake_words")
    with pytest.raises(ValueError, match="'plum' has 19 recordings to test with, and needs 20"):
        make_expert("plum", tmp_path, tmp_path / "work", tmp_path / "models", QUICK, voices_only=True)


def test_voices_alone_teach_a_word_whose_recordings_all_measure_it(
    toy_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[Path, ...]] = []

    def noted(asked: OwnWord, *_: object) -> None:
        given.append(asked.recordings)
        raise StageStoppedError

    monkeypatch.setattr(expert, "own_word", noted)
    monkeypatch.setattr(expert, "FEWEST", 4)
    for voices_only in (True, False):
        with pytest.raises(StageStoppedError):
            make_expert("rise", toy_data, tmp_path, tmp_path / "models", QUICK, voices_only=voices_only)
    assert given[0] == () and len(given[1]) == 1


def spoken(path: Path, seconds: float = 2.0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.random.default_rng(len(path.name)).normal(0, 0.05, round(seconds * SAMPLE_RATE))
    soundfile.write(str(path), sound, SAMPLE_RATE)


def test_the_talk_of_the_folder_joins_that_which_ships(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that ships stays out if some of its recordings say the word; those themselves are never heard."""
    quiet = np.zeros((50, 96), np.float32)
    streams = [TalkStream(source, "training", quiet) for source in ("acted_talk/queen", "words/bed")]
    shipped = Talk(tuple(streams), np.zeros(96, np.float32), np.ones(96, np.float32))
    monkeypatch.setattr(expert, "read_talk", lambda: shipped)
    audio = ready_data("happy")
    scenes = [f"{scene:02d}0001P1" for scene in range(20)]
    for name in scenes:
        spoken(tmp_path / "acted_talk" / "queen" / f"{name}.wav")
    for name in audio.exclude[1:4]:
        spoken(tmp_path / "acted_talk" / "queen" / f"{name}.wav", seconds=60.0)
    found = all_talk(tmp_path, audio, tmp_path / "work")
    assert [(s.source, s.split) for s in found.streams] == [
        ("words/bed", "training"),
        ("acted_talk/queen", "training"),
        ("acted_talk/queen", "validation"),
    ]
    steps = sum(len(stream.embeddings) for stream in found.streams[1:])
    assert steps * STEP_S == pytest.approx(len(scenes) * 2.3, abs=1.0)  # none of the minutes that say it
