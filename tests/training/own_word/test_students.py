"""The students of a word, small: taught by its expert, cut anywhere and resumed to the same files, confirmed by it."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from kws_app.detection.cascade import STIR, Cascade
from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.decision_config import DecisionConfig
from kws_app.engine.keyword_model import KeywordModel
from kws_app.engine.pairs import card_of_pair, curve_of_pair
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.corpus.sound import load_sound
from training.corpus.synthetic_speech import passages, write_sound
from training.corpus.takes import plan_takes
from training.corpus.voice_engines import EspeakEngine
from training.network.speech_embedding import WholeStreams
from training.own_word import gather_lessons, make, material, measure
from training.own_word.gather_lessons import Talked
from training.own_word.gather_talk import as_stream, embeddings_of, frames_of
from training.own_word.heads import HeadConfig
from training.own_word.make import OwnWord, OwnWordConfig, own_word
from training.own_word.student_config import QUICK_STUDENTS, StudentsConfig
from training.own_word.students import MadeStudents, make_students
from training.own_word.talk_embeddings import TalkStream, talk_of
from training.own_word.talk_frames import TalkFrames
from training.progress import Progress, StageStoppedError

pytestmark = [
    pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng says the words"),
]
SMALL = OwnWordConfig(
    takes=16, sequences=40, background_s=18, heads=1, head=HeadConfig(hidden=16, steps=80, mined_windows=200)
)
FEW = replace(QUICK_STUDENTS, sequences=32, near_sequences=8, near_takes=2, rows=16)
ASKED = OwnWord("marmalade", config=SMALL)
ALLOWED_AN_HOUR = 100.0  # the talk of these tests lasts 80 s: no alarm in it is enough evidence for this rate
STAGES = (
    "takes",
    "near takes",
    "lessons of takes",
    "lessons of near",
    "training teacher",
    "training student",
    "measuring students",
)


@pytest.fixture(scope="module")
def talked() -> Talked:
    body = WholeStreams(load_body(BODY_SHA256))
    streams, frames = [], []
    for split in ("training", "validation"):
        said = passages(split, "zebra", 0)
        samples = as_stream([next(said)[1] for _ in range(4)])
        streams.append(TalkStream(split, split, embeddings_of(samples, body)))
        frames.append(frames_of(samples, 1.0))
    return Talked(talk_of(streams), TalkFrames(tuple(frames)))


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, talked: Talked) -> Path:
    """A work folder with an expert that was made, and its model."""
    folder = tmp_path_factory.mktemp("students")
    with pytest.MonkeyPatch.context() as patch:
        only_espeak(patch)
        own_word(ASKED, folder / "work", folder / "models", talk=talked.talk)
    return folder


def only_espeak(patch: pytest.MonkeyPatch) -> None:
    """Voices that are on every machine that runs the tests, and little other speech."""
    for module in (make, gather_lessons):
        patch.setattr(module, "find_engines", lambda: [EspeakEngine()])
    patch.setattr(material, "PASSAGES", 1)
    patch.setattr(measure, "ALLOWED_AN_HOUR", ALLOWED_AN_HOUR)


def students(
    work: Path, talked: Talked, folder: Path, models: Path, progress: Progress, config: StudentsConfig = FEW
) -> MadeStudents:
    with pytest.MonkeyPatch.context() as patch:
        only_espeak(patch)
        expert = work / "models" / "marmalade" / "expert.safetensors"
        return make_students(ASKED, expert, config, folder, models, progress, talked)


@pytest.mark.long
def test_cut_at_every_stage_and_resumed_they_are_the_same(work: Path, talked: Talked, tmp_path: Path) -> None:
    for folder in ("whole", "cut"):
        shutil.copytree(work / "work", tmp_path / folder)
    told: list[str] = []
    tell = Progress(tell=lambda what, *_: told.append(what))
    whole = students(work, talked, tmp_path / "whole", tmp_path / "a", tell)
    assert [what for what in dict.fromkeys(told) if what in STAGES] == list(STAGES)
    student, quantized = (KeywordModel.load(path).card for path in whole.paths[1:])
    assert quantized.parameters == student.parameters and quantized.weight_bytes < 0.4 * student.weight_bytes
    for stage in STAGES[1:]:
        with pytest.raises(StageStoppedError):
            students(work, talked, tmp_path / "cut", tmp_path / "b", stopped_in(stage))
        assert not (tmp_path / "b").exists()  # nothing half installed
    resumed = students(work, talked, tmp_path / "cut", tmp_path / "b", Progress())
    assert [path.name for path in resumed.paths] == [
        "teacher.safetensors",
        "student.safetensors",
        "quantized.safetensors",
    ]
    for ours, theirs in zip(resumed.paths, whole.paths, strict=True):
        for name, values in load_file(ours).items():
            np.testing.assert_array_equal(values, load_file(theirs)[name], err_msg=f"{ours.name} {name}")


def stopped_in(stage: str) -> Progress:
    """It is stopped soon after a stage has begun."""
    seen: list[str] = []
    return Progress(tell=lambda what, *_: seen.append(what), is_cancelled=lambda: stage in seen)


@pytest.mark.long
def test_a_student_stirs_for_the_expert_as_its_card_says(work: Path, talked: Talked, tmp_path: Path) -> None:
    shutil.copytree(work / "work", tmp_path / "work")
    longer = replace(FEW, sequences=96, teacher_epochs=8, batches=25)
    made = students(work, talked, tmp_path / "work", tmp_path / "models", Progress(), longer)
    expert = KeywordModel.load(work / "models" / "marmalade" / "expert.safetensors")
    for path in made.paths:
        student = KeywordModel.load(path)
        assert OperatingCurve.of(student.card) is not None
        assert student.card.training["data"]["keyword"] == student.card.keyword == "marmalade"
        assert curve_of_pair(student.card, expert.card) is not None
        assert OperatingCurve.of(card_of_pair(student.card, expert.card)) is not None
    # all wait for 0.24 s, as the expert does: three steps of 80 ms, four of 60 ms
    assert [KeywordModel.load(path).card.decision_config().patience_steps for path in made.paths] == [3, 4, 4]
    judged = made.judged["student"]
    line = judged.calibration
    assert 1 / (1 + np.exp(-line.scale * (judged.level - line.offset))) == pytest.approx(STIR)
    teacher, heard = KeywordModel.load(made.paths[0]), []
    for path in sorted((tmp_path / "work").rglob("takes/espeak-ng/*.wav")):
        sound = np.concatenate([np.zeros(32_000, np.float32), load_sound(path), np.zeros(16_000, np.float32)])
        scores = Cascade(teacher, expert, DecisionConfig(threshold=0.5)).process(sound).scores
        assert scores[:12].max() < 0.5  # before the word
        heard.append(scores.max() > 0.5)
    assert np.mean(heard) > 0.5
    assert "false alarms" in made.describe()


@pytest.mark.long
def test_two_recordings_and_no_voices_are_enough(talked: Talked, tmp_path: Path) -> None:
    (tmp_path / "said").mkdir()
    engine = EspeakEngine()
    for take in plan_takes(make.pronunciations_of("marmalade"), [engine], "en", tmp_path, 2):
        sound = engine.say(take.pronunciation, take.voice, take.speed)
        write_sound(tmp_path / "said" / take.path.name, np.pad(sound, 8000))
    asked = OwnWord("marmalade", (tmp_path / "said",), voices=False, config=SMALL)
    with pytest.MonkeyPatch.context() as patch:
        only_espeak(patch)
        expert = own_word(asked, tmp_path / "work", tmp_path / "models", talk=talked.talk).path
        made = make_students(asked, expert, FEW, tmp_path / "work", tmp_path / "models", talked=talked)
    assert len(made.judged["student"].alone.word) >= 32  # nothing could be kept back
    assert len(made.paths) == 3 and all(path.with_suffix(".pt").is_file() for path in made.paths)
