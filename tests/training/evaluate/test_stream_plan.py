"""Composition of streams: all real speech once, other sound for the rest, the same stream for the same seed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from kws_app.engine.decision_config import DecisionConfig
from tests.support.toy_speech import DATA, KEYWORD
from training.corpus.recordings import audio_files
from training.corpus.synthetic_background import GENERATORS, make_background
from training.evaluate.stream_plan import (
    COMMANDS,
    PAUSE_S,
    QUIET,
    READ,
    SYNTHETIC,
    WORDS,
    Material,
    Part,
    kind_of,
    plan_stream,
)
from training.evaluate.stream_render import CONDITIONS, Condition, Renderer
from training.evaluate.test_sets import Request, material_of

HOURS = 0.1


@pytest.fixture
def material(toy_archive: Path) -> Material:
    clips = toy_archive / "speech_commands"
    return Material(
        talk=audio_files(toy_archive / "talk"),
        keywords=audio_files(clips / KEYWORD),
        words=audio_files(clips / "fall"),
        synthetic=audio_files(clips / "flat"),
        noises=audio_files(clips / "_background_noise_"),
    )


def test_real_speech_and_keywords_are_laid_in_once_and_nothing_is_lost(material: Material) -> None:
    stream = plan_stream(material, 3, HOURS)
    assert stream == plan_stream(material, 3, HOURS) and stream.digest() == plan_stream(material, 3, HOURS).digest()
    assert stream.digest() != plan_stream(material, 4, HOURS).digest()
    assert sorted(p.path for p in stream.parts if p.is_keyword and p.path) == material.keywords
    assert Counter(p.path for p in stream.parts if p.kind == WORDS) == Counter(material.words)
    talk = [p for p in stream.parts if p.kind == READ]
    rendered = list(Renderer(CONDITIONS[0], [], [], seed=0).render(talk))
    talk_s = sum(len(r.sound) for r in rendered if not r.part.is_keyword) / 16_000
    assert talk_s == pytest.approx(len(material.talk) * (4.0 + PAUSE_S), abs=0.01)


def test_the_rest_is_filled_with_all_kinds(material: Material) -> None:
    stream = plan_stream(material, 0, 0.3)
    pieces = stream.pieces()
    assert list(pieces) == [READ, WORDS, SYNTHETIC, *GENERATORS]
    assert pieces[READ] == len(material.talk) and all(pieces.values())
    rendered = Renderer(CONDITIONS[0], [], [], seed=0).render(stream.parts)
    seconds = sum(len(r.sound) / 16_000 for r in rendered if not r.part.is_keyword)
    assert 0.3 <= seconds / 3600 < 0.36  # whole pieces
    few = plan_stream(material, 0, 0.3, filled=0.0).pieces()
    assert set(few) == {READ, WORDS} and few[READ] == pieces[READ]


def test_hours_bound_the_speech(material: Material) -> None:
    stream = plan_stream(material, 0, (4 * (4.0 + PAUSE_S) + 0.1) / 3600)
    assert list(stream.pieces().items()) == [(READ, 4)]
    assert sum(part.is_keyword for part in stream.parts) == len(material.keywords)


def test_speech_is_told_apart_by_its_folder() -> None:
    assert kind_of(Path("x/speech_streams/spoken_commands/a.wav")) == COMMANDS
    assert kind_of(Path("x/wake_words/alexa/a.wav")) == COMMANDS
    assert kind_of(Path("x/speech_streams/librispeech/a.wav")) == READ


def test_material_is_of_one_set(toy_archive: Path) -> None:
    request = Request(DecisionConfig(), 1280)
    found = {split: material_of(toy_archive, DATA, split, request) for split in ("training", "validation", "testing")}
    assert [len(m.keywords) for m in found.values()] == [8, 2, 2]
    assert not set(found["training"].talk) & set(found["testing"].talk)
    assert not set(found["training"].words) & set(found["testing"].words)


def test_broken_recordings_are_named_and_passed_over(
    material: Material, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("no sound")
    talk = material.talk[:3]
    stream = plan_stream(Material([broken, *talk]), 0, 1.0, filled=0.0)
    assert {part.path for part in stream.parts} == set(talk) and "broken.wav" in caplog.text
    noisy = Renderer(CONDITIONS[1], [broken], [], seed=0)
    assert len(list(noisy.render([*stream.parts, Part(READ, broken, is_keyword=True)]))) == 3
    with pytest.raises(ValueError, match="no continuous speech"):
        plan_stream(Material([broken]), 0, 1.0)


def test_noise_is_laid_at_the_stated_ratio(material: Material) -> None:
    part = Part(READ, material.keywords[0], is_keyword=True)
    clean = next(Renderer(CONDITIONS[0], [], [], 0).render([part])).sound
    noisy = next(Renderer(CONDITIONS[1], [], [], 0).render([part])).sound
    noise = noisy - clean
    loud = np.sqrt(np.percentile(clean**2, 90) / 2.5)
    assert 20 * np.log10(loud / np.sqrt(np.mean(noise**2))) == pytest.approx(10.0, abs=1.5)


def test_a_pause_stands_before_and_after_each_keyword(material: Material) -> None:
    keyword, talk = Part(READ, material.keywords[0], is_keyword=True), Part(READ, material.talk[0])
    quiet, noisy = (Condition("pause", pause_s=0.5, snr_db=snr_db) for snr_db in (None, 10.0))
    _, before, word, after = list(Renderer(quiet, [], [], 0).render([talk, keyword]))
    assert [r.part.kind for r in (before, word, after)] == [QUIET, READ, QUIET]
    assert [len(r.sound) for r in (before, word, after)] == [8000, 16000, 8000]
    (alone,) = Renderer(CONDITIONS[0], [], [], 0).render([keyword])
    np.testing.assert_allclose(word.sound, alone.sound, atol=4e-3)  # a hiss of -65 dB
    assert word.word_end == alone.word_end and 0 < np.abs(before.sound).max() < 4e-3
    in_noise = list(Renderer(noisy, [], [], 0).render([talk, keyword]))
    levels_db = [20 * np.log10(np.sqrt(np.mean(r.sound**2))) for r in (in_noise[1], in_noise[3])]
    assert levels_db == pytest.approx([levels_db[0]] * 2, abs=6.0)  # the noise goes on at the word's level
    assert np.mean(in_noise[1].sound ** 2) > 100 * np.mean(before.sound**2)


def test_a_room_rings_on_into_the_next_part_and_keeps_the_level(material: Material) -> None:
    rng = np.random.default_rng(0)
    room = (rng.standard_normal(8000) * np.exp(-np.arange(8000) / 2000)).astype(np.float32)
    room[100] = 20.0
    talk = material.talk[0]
    whole = [Part(READ, talk)]
    parts = [Part(READ, talk, seconds=1.5), Part(READ, talk, from_s=1.5)]
    condition = Condition("room", in_room=True)
    once = np.concatenate([r.sound for r in Renderer(condition, [], [room], 0).render(whole)])
    twice = np.concatenate([r.sound for r in Renderer(condition, [], [room], 0).render(parts)])
    np.testing.assert_allclose(twice, once, atol=1e-5)  # float32 transforms of other lengths
    dry = next(Renderer(CONDITIONS[0], [], [], 0).render(whole)).sound
    assert 20 * np.log10(np.sqrt(np.mean(once**2) / np.mean(dry**2))) == pytest.approx(0.0, abs=2.0)
    assert int(np.abs(np.correlate(once, dry[:16_000], "valid")).argmax()) == 0  # the word stays where it is


@pytest.mark.parametrize("kind", GENERATORS)
def test_background_is_seeded_bounded_and_varied(kind: str) -> None:
    pieces = [make_background(kind, 5.0, seed) for seed in range(6)]
    assert all(len(piece) == 5 * 16_000 and piece.dtype == np.float32 for piece in pieces)
    assert all(np.abs(piece).max() <= 1.0 for piece in pieces)
    assert len({float(np.abs(piece).sum()) for piece in pieces}) >= 4
    np.testing.assert_array_equal(pieces[0], make_background(kind, 5.0, 0))
