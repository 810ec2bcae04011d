"""Learning from labels: the new model replaces the old only where it is better, and undo brings the old back."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.keyword_model import KeywordModel
from kws_app.errors import ModelError
from kws_app.paths import MODELS_DIR
from tests.support.spoken_talk import spoken_talk
from training.__main__ import main
from training.corpus.pronunciations import pronunciations_of
from training.corpus.synthetic_speech import write_sound
from training.corpus.voice_engines.espeak import EspeakEngine
from training.own_word import make, material, measure
from training.own_word.compare import Mistakes, Verdict, read_trained
from training.own_word.heads import HeadConfig
from training.own_word.make import OwnWord, OwnWordConfig, own_word
from training.own_word.material import kept_back_of
from training.own_word.talk_embeddings import Talk
from training.own_word.undo import undo

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng says the words")
SMALL = OwnWordConfig(
    takes=8,
    sequences=24,
    recording_copies=2,
    background_s=18,
    heads=1,
    head=HeadConfig(hidden=16, steps=80, mined_windows=200),
)

ALLOWED_AN_HOUR = 200.0  # the talk of this test lasts 40 s: no alarm in it is enough evidence for this rate


@pytest.fixture(autouse=True)
def only_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "find_engines", lambda: [EspeakEngine()])
    monkeypatch.setattr(material, "PASSAGES", 1)
    monkeypatch.setattr(measure, "ALLOWED_AN_HOUR", ALLOWED_AN_HOUR)


@pytest.fixture(scope="module")
def talk() -> Talk:
    return spoken_talk(2)


def said(word: str, folder: Path, count: int) -> Path:
    """Recordings of a word by different voices."""
    engine = EspeakEngine()
    folder.mkdir()
    (pronunciation, *_), voices = pronunciations_of(word), engine.voices("en")
    for number in range(count):
        sound = engine.say(pronunciation, voices[5 * number % len(voices)], 1.0)
        write_sound(folder / f"{number}.wav", np.pad(sound, 4000))
    return folder


VERDICTS = [
    # old: missed, alarms, on talk; new: the same; better?
    ((2.0, 3, 0), (1.0, 0, 0), True),
    ((2.0, 3, 0), (2.0, 3, 0), False),  # no evidence, no change
    ((0.0, 3, 0), (3.0, 0, 0), False),  # it only exchanges mistakes
    ((2.0, 3, 0), (0.0, 0, 1), True),  # one alarm in 3 h is within what is allowed
    ((2.0, 3, 0), (0.0, 0, 2), False),
    ((2.0, 3, 5), (0.0, 0, 5), True),  # the old one gave as many
]


@pytest.mark.parametrize(("old", "new", "better"), VERDICTS)
def test_a_model_is_better_with_fewer_mistakes_and_no_more_alarms(
    old: tuple[float, int, int], new: tuple[float, int, int], better: bool
) -> None:
    verdict = Verdict(Mistakes(*old), Mistakes(*new), 4, 4, hours=3.0)
    assert verdict.is_better is better
    assert verdict.describe().startswith("The new model is better" if better else "The new model is not better")


def test_what_is_kept_back_stays_kept_back_when_more_comes() -> None:
    sounds = [np.random.default_rng(seed).normal(size=100).astype(np.float32) for seed in range(40)]
    some, more = kept_back_of(sounds[:20], compares=True), kept_back_of(sounds, compares=True)
    assert 1 <= some.sum() < 12
    np.testing.assert_array_equal(some, more[:20])
    assert not kept_back_of(sounds[:2], compares=True).any() and kept_back_of(sounds[:3], compares=True).any()
    assert not kept_back_of(sounds[:9], compares=False).any() and kept_back_of(sounds[:10], compares=False).any()


@pytest.mark.long
def test_learning_replaces_a_worse_model_alone_and_undo_brings_it_back(tmp_path: Path, talk: Talk) -> None:
    work, models = tmp_path / "work", tmp_path / "models"
    right, wrong = said("marmalade", tmp_path / "right", 8), said("lemonade", tmp_path / "wrong", 8)
    untrained = replace(SMALL, head=replace(SMALL.head, steps=5))
    first = own_word(OwnWord("marmalade", config=untrained), work, models, talk=talk)
    before = first.path.read_bytes()
    asked = OwnWord("marmalade", (right,), config=SMALL, not_the_word=wrong)

    better = own_word(asked, work, models, talk=talk)
    assert better.verdict is not None and better.verdict.words > 0 and better.verdict.sounds > 0
    assert better.replaced and better.path.read_bytes() != before
    after = better.path.read_bytes()
    assert "is better" in better.describe()

    own_word(asked, work, models, talk=talk)  # the same again: the model is no better than itself
    worse = own_word(replace(asked, config=untrained), work, models, talk=talk)
    assert not worse.replaced and "not better" in worse.describe()
    assert better.path.read_bytes() == after

    assert undo("marmalade", work, models).read_bytes() == before
    jitted, plain = (KeywordModel.load(first.path.with_suffix(end)) for end in (".pt", ".safetensors"))
    assert jitted.card == plain.card
    assert undo("marmalade", work, models).read_bytes() == after


def test_too_few_labels_and_no_earlier_model_are_told(
    tmp_path: Path, talk: Talk, capsys: pytest.CaptureFixture[str]
) -> None:
    work, models = tmp_path / "work", tmp_path / "models"
    own_word(OwnWord("marmalade", config=replace(SMALL, head=replace(SMALL.head, steps=5))), work, models, talk=talk)
    two = said("lemonade", tmp_path / "wrong", 2)
    with pytest.raises(ValueError, match="label at least 3"):
        own_word(OwnWord("marmalade", config=SMALL, not_the_word=two), work, models, talk=talk)
    places = ["--work", str(work), "--models", str(models), "--threads", "1"]
    assert main(["own-word", "marmalade", "--undo", *places]) == 2
    assert "no earlier model of 'marmalade'" in capsys.readouterr().err


def test_a_network_that_is_no_expert_cannot_be_compared() -> None:
    with pytest.raises(ModelError, match="not an expert"):
        read_trained(MODELS_DIR / "happy" / "teacher.safetensors")
