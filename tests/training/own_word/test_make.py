"""A small word of one's own from end to end: bad input gives a sentence, and a cut run ends with the same files."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kws_app.detection.detector import Detector
from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.backends import JITTED, PLAIN
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from tests.support.spoken_talk import spoken_talk
from training.__main__ import main
from training.corpus.synthetic_speech import passages, write_sound
from training.corpus.takes import plan_takes
from training.corpus.voice_engines import EspeakEngine
from training.own_word import gather_lessons, make, material, students
from training.own_word.gather_talk import gather_talk, split_of_talk
from training.own_word.heads import HeadConfig
from training.own_word.make import OwnWord, OwnWordConfig, own_word, without_word
from training.own_word.talk_embeddings import Talk, TalkStream, talk_of, write_talk
from training.own_word.talk_frames import TalkFrames
from training.progress import Progress, StageStoppedError

pytestmark = [
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng says the words"),
]
SMALL = OwnWordConfig(
    takes=10,
    sequences=30,
    recording_copies=2,
    background_s=18,
    heads=2,
    head=HeadConfig(hidden=16, steps=60, mined_windows=200),
)


@pytest.fixture(autouse=True)
def only_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only voices that every test machine has, and little other speech."""
    monkeypatch.setattr(make, "find_engines", lambda: [EspeakEngine()])
    monkeypatch.setattr(material, "PASSAGES", 1)


@pytest.fixture(scope="module")
def talk() -> Talk:
    return spoken_talk(3)


def recordings(folder: Path, count: int) -> Path:
    engine = EspeakEngine()
    folder.mkdir()
    plan = plan_takes(make.pronunciations_of("marmalade"), [engine], "en", folder, count)
    for number, take in enumerate(plan):
        sound = engine.say(take.pronunciation, take.voice, take.speed)
        write_sound(folder / f"{number}.wav", np.pad(sound, 8000))
    return folder


@pytest.mark.long
def test_five_recordings_and_voices_become_a_model_that_hears_the_word(tmp_path: Path, talk: Talk) -> None:
    asked = OwnWord("marmalade", (recordings(tmp_path / "said", 5),), config=replace(SMALL, takes=30, sequences=120))
    told: list[str] = []
    made = own_word(
        asked, tmp_path / "work", tmp_path / "models", Progress(tell=lambda what, *_: told.append(what)), talk
    )
    assert made.path == tmp_path / "models" / "marmalade" / "expert.safetensors"
    assert made.recordings == 5 and made.takes["espeak-ng"] >= 25
    assert [*dict.fromkeys(told)] == [
        "takes",
        "sequences of takes",
        "sequences of recordings",
        "head 1",
        "head 2",
        "measuring",
    ]
    plain, jitted = (KeywordModel.load(made.path, engine) for engine in (PLAIN, JITTED))
    assert OperatingCurve.of(plain.card) is not None and plain.card.data["recordings"] == 5
    sound = np.concatenate([np.zeros(16_000, np.float32), make.load_sound(tmp_path / "said" / "0.wav")])
    scores = [Detector(model, DecisionConfig(threshold=1.0)).process(sound).scores for model in (plain, jitted)]
    np.testing.assert_allclose(*scores, rtol=0, atol=1e-5)
    assert scores[0].max() > 2 * scores[0][:12].max()  # a few seconds of talk set a threshold that is too high


@pytest.mark.long
def test_a_run_that_is_cut_at_every_stage_ends_with_the_same_model(tmp_path: Path, talk: Talk) -> None:
    asked = OwnWord("marmalade", (recordings(tmp_path / "said", 2),), config=SMALL)
    whole = own_word(asked, tmp_path / "whole", tmp_path / "a", talk=talk)
    for stage in ("takes", "sequences of takes", "sequences of recordings", "head 1", "head 2", "measuring"):
        with pytest.raises(StageStoppedError):
            own_word(asked, tmp_path / "cut", tmp_path / "b", stopped_in(stage), talk)
        assert not (tmp_path / "b").exists()  # no file is half written
    resumed = own_word(asked, tmp_path / "cut", tmp_path / "b", talk=talk)
    for name, ours in load_file(resumed.path).items():
        theirs = load_file(whole.path)[name]
        # convolutions round in another way where arrays lie elsewhere in memory
        np.testing.assert_allclose(ours.astype(np.float32), theirs.astype(np.float32), rtol=1e-3, atol=1e-3)
    assert resumed.threshold == pytest.approx(whole.threshold, abs=1e-2)


def stopped_in(stage: str) -> Progress:
    """A Progress that stops soon after a stage has begun."""
    seen: list[str] = []
    return Progress(tell=lambda what, *_: seen.append(what), is_cancelled=lambda: stage in seen)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [("", "Type a word"), ("h4llo", "digit"), ("smile 😀", "sign"), ("a" * 200, "letters"), ("a/b", "sign")],
)
def test_an_impossible_word_gives_a_sentence(word: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        own_word(OwnWord(word), tmp_path, tmp_path / "models")
    assert not list(tmp_path.iterdir())


def test_files_that_are_not_recordings_are_named(tmp_path: Path, talk: Talk) -> None:
    folder = tmp_path / "said"
    folder.mkdir()
    write_sound(folder / "silent.wav", np.zeros(16_000, np.float32))
    (folder / "broken.wav").write_bytes(b"no sound")
    write_sound(folder / "short.wav", np.full(800, 0.1, np.float32))
    with pytest.raises(ValueError, match="can be used"):
        own_word(OwnWord("marmalade", (folder,), voices=False), tmp_path, tmp_path / "models", talk=talk)
    with pytest.raises(ValueError, match="needs voices or recordings"):
        own_word(OwnWord("marmalade", voices=False), tmp_path, tmp_path / "models", talk=talk)
    with pytest.raises(ValueError, match="There is no folder"):
        own_word(OwnWord("marmalade", (tmp_path / "none",)), tmp_path, tmp_path / "models", talk=talk)
    good = recordings(tmp_path / "more", 2)
    for path in folder.iterdir():
        shutil.copy(path, good)
    made = own_word(OwnWord("marmalade", (good,), voices=False, config=SMALL), tmp_path, tmp_path / "models", talk=talk)
    assert made.recordings == 2 and len(made.passed_over) == 3


def test_a_german_phrase_of_two_words(tmp_path: Path, talk: Talk) -> None:
    config = replace(SMALL, heads=1)
    made = own_word(OwnWord("Grüner Tee", language="de", config=config), tmp_path, tmp_path / "m", talk=talk)
    assert made.path.parent.name == "grüner_tee" and made.path.is_file()


def test_talk_that_says_the_word_alone_is_left_out() -> None:
    rng = np.random.default_rng(0)
    names = ("words/left", "words/right", "book")
    talk = talk_of([TalkStream(name, "training", rng.normal(size=(50, 96)).astype(np.float32)) for name in names])
    assert [s.source for s in without_word(talk, "turn left").streams] == ["words/right", "book"]


def test_made_speech_in_the_language_of_the_word_is_left_out() -> None:
    rng = np.random.default_rng(0)
    names = ("made/es", "made/de", "book")
    talk = talk_of([TalkStream(name, "training", rng.normal(size=(50, 96)).astype(np.float32)) for name in names])
    assert [s.source for s in without_word(talk, "hola", "es-419").streams] == ["made/de", "book"]
    assert len(without_word(talk, "hello").streams) == 3


@pytest.mark.long
def test_the_command_makes_a_word_and_tells_its_progress(
    tmp_path: Path, talk: Talk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_talk(tmp_path / "talk.safetensors", talk)
    monkeypatch.setattr(make, "read_talk", lambda: make.Talk(talk.streams, talk.mean, talk.std))
    rng = np.random.default_rng(0)
    noise = [rng.normal(-6, 3, (8 * len(stream.embeddings), 40)).astype(np.float32) for stream in talk.streams]
    monkeypatch.setattr(students, "read_talk", lambda: talk)
    monkeypatch.setattr(students, "read_frames", lambda _: TalkFrames(tuple(noise)))
    monkeypatch.setattr(gather_lessons, "find_engines", lambda: [EspeakEngine()])
    places = ["--work", str(tmp_path / "work"), "--models", str(tmp_path / "models")]
    assert main(["own-word", "marmalade", "--quick", "--progress-json", *places, "--threads", "1"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    shares = [line["share"] for line in lines]
    assert shares == sorted(shares) and shares[-1] == 1.0
    ready = [line for line in lines if "ready" in line]
    names = ("expert", "teacher", "student", "quantized")
    assert [line["ready"] for line in ready] == [f"marmalade/{name}" for name in names]
    assert ready[0]["curve"] and ready[0]["share"] < 0.5  # it may listen while the rest is made
    assert main(["own-word", "h4llo", *places, "--threads", "1"]) == 2
    assert "digit" in capsys.readouterr().err


def test_talk_is_gathered_by_speaker_and_without_what_is_held_back(tmp_path: Path) -> None:
    said = passages("training", "zebra", 1)
    folder = tmp_path / "more_speech" / "english_learners"
    folder.mkdir(parents=True)
    for number in range(12):
        write_sound(folder / f"spk{number:04}-1.wav", next(said)[1][:32_000])
    both = gather_talk(tmp_path, exclude=["spk0000-1"], foreign_s=0)
    talk = both.talk
    splits = {split_of_talk(path) for path in folder.iterdir()}
    assert {stream.split for stream in talk.streams} == splits - {"testing"}
    kept = [p for p in folder.iterdir() if split_of_talk(p) != "testing" and p.stem != "spk0000-1"]
    steps = sum(len(stream.embeddings) for stream in talk.streams)
    assert steps == pytest.approx(
        len(kept) * 2.3 / 0.08, rel=0.25
    )  # 2 s and a pause for each recording; some have another speed
    for stream, frames in zip(talk.streams, both.frames.streams, strict=True):  # the beginning of each
        assert 0.4 < len(frames) / (8 * len(stream.embeddings)) <= 0.5
    with pytest.raises(ValueError, match="no talk"):
        gather_talk(tmp_path / "none")
