"""Sources for the test set alone: training never hears their talk, noise and rooms."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from kws_app.engine.decision_config import DecisionConfig
from tests.support.toy_speech import DATA
from training.corpus.recordings import audio_files, read_clips
from training.evaluate.stream_plan import ACTED, READ, REAL_SPEECH, Part, kind_of
from training.evaluate.stream_render import CONDITIONS, LINES, Renderer
from training.evaluate.test_sets import Request, material_of, rooms_for
from training.features.frame_store import list_sources
from training.features.vary import load_rooms


def write(path: Path, level: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.zeros(1600, np.float32)
    sound[100] = level
    soundfile.write(str(path), sound, 16_000)
    return path


def test_sources_for_test_alone_are_in_no_other_set(toy_archive: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir()
    for folder in toy_archive.iterdir():
        (root / folder.name).symlink_to(folder)
    played = [write(root / "plays" / "hamlet" / f"{i}.wav") for i in range(20)]
    rain = write(root / "sounds" / "rain" / "1.wav")
    data = replace(
        DATA,
        speech=("talk", "plays/*"),
        test_speech=("plays/hamlet",),
        noise=("sounds/*",),
        test_noise=("sounds/rain",),
    )
    request = Request(DecisionConfig(), 1280)
    found = {split: material_of(root, data, split, request) for split in ("training", "validation", "testing")}
    assert set(played) <= set(found["testing"].talk)
    assert not set(played) & set(found["training"].talk + found["validation"].talk)
    assert found["testing"].noises == [rain] and found["training"].noises == []
    stored = {source.path for source in list_sources(root, data)}
    assert not stored & {*played, rain}


def test_a_phrase_that_holds_the_keyword_is_no_other_word(tmp_path: Path) -> None:
    keyword = DATA.keyword
    for word in (keyword, f"hey_{keyword}", "fall"):
        write(tmp_path / DATA.clips / word / "a1_nohash_0.wav")
    (split,) = {clip.split for clip in read_clips(tmp_path / DATA.clips)}
    found = material_of(tmp_path, DATA, split, Request(DecisionConfig(), 1280))
    assert [path.parent.name for path in found.keywords + found.words] == [keyword, "fall"]


def test_the_test_set_is_heard_in_rooms_that_training_never_hears(tmp_path: Path) -> None:
    for name, level in (("church/1", 0.25), ("kitchen/1", 0.5), ("kitchen/2", 0.75)):
        write(tmp_path / "rooms" / f"{name}.flac", level)
    data = replace(DATA, rooms=("rooms/*",), test_rooms=("rooms/church",))
    room = tuple(condition for condition in CONDITIONS if condition.in_room)
    assert [float(x.max()) for x in load_rooms(tmp_path, data.rooms, without=data.test_rooms)] == [0.5, 0.75]
    assert [float(x.max()) for x in rooms_for(tmp_path, data, "testing", room)] == [0.25]
    assert [float(x.max()) for x in rooms_for(tmp_path, data, "validation", room)] == [0.5, 0.75]
    assert rooms_for(tmp_path, data, "testing", CONDITIONS[:1]) == []


def test_acted_dialogue_is_real_speech_stated_apart() -> None:
    assert kind_of(Path("acted_talk/drascula/1.wav")) == ACTED == kind_of(Path("more_talk/fillets_cs/1.flac"))
    assert kind_of(Path("speech_streams/librispeech/1.wav")) == READ
    assert ACTED in REAL_SPEECH


def test_a_telephone_and_codecs_narrow_the_band_and_keep_the_length(toy_archive: Path) -> None:
    part = Part(READ, audio_files(toy_archive / "talk")[0])
    (clean,) = Renderer(CONDITIONS[0], [], [], 0).render([part])
    for condition in CONDITIONS:
        if condition.line:
            (heard,) = Renderer(condition, [], [], 0).render([part])
            assert len(heard.sound) == len(clean.sound), condition.name
            assert not np.array_equal(heard.sound, clean.sound)
            assert np.corrcoef(heard.sound, clean.sound)[0, 1] > 0.5
    assert {condition.line for condition in CONDITIONS if condition.line} == set(LINES)
