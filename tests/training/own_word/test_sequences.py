"""Sequences around a word: the same for the same seed, as loud as asked, with the word at the stated place."""

import numpy as np
import pytest

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.network.speech_embedding import WholeStreams
from training.own_word.sequences import (
    BACKGROUND_S,
    CUT_IN,
    SEQUENCE_SAMPLES,
    SEQUENCE_STEPS,
    SpeechAround,
    Surroundings,
    backgrounds,
    joined,
    lively_surroundings,
    made_room,
    made_surroundings,
    make_sequences,
    rms,
    sequence_of,
    trimmed,
    varied,
)
from training.progress import Progress, StageStoppedError


def tone(seconds: float, hz: float = 440.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE)).astype(np.float32)


def silence(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1e-4, int(seconds * SAMPLE_RATE)).astype(np.float32)


def test_a_recording_is_cut_to_its_word() -> None:
    sound = np.concatenate([silence(1.0), tone(0.5), silence(1.5)])
    word = trimmed(sound)
    assert len(word) / SAMPLE_RATE == pytest.approx(0.5 + 2 * 0.03, abs=0.04)
    assert rms(word) > 0.18
    assert len(trimmed(tone(0.02))) > 0


def test_a_plain_sequence_holds_the_word_as_it_is_and_says_where_it_ends() -> None:
    rng = np.random.default_rng(1)
    sound, end_s = sequence_of(tone(0.6), Surroundings([], [], []), rng, plain=True)
    assert len(sound) == SEQUENCE_SAMPLES and np.abs(sound).max() <= 1
    end = int(end_s * SAMPLE_RATE)
    inside, after = sound[end - 8000 : end], sound[end + 400 :]
    assert rms(inside) > 30 * rms(after)
    assert 0.45 <= SEQUENCE_SAMPLES / SAMPLE_RATE - end_s <= 0.9


def test_rooms_have_energy_one_and_begin_with_the_direct_sound() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        room = made_room(rng)
        assert np.square(room).sum() == pytest.approx(1.0, rel=1e-4)
        assert room[0] > 0 and len(room) <= SAMPLE_RATE


def test_the_same_seed_gives_the_same_sequences_and_another_seed_others() -> None:
    body = WholeStreams(load_body(BODY_SHA256))
    around = made_surroundings([tone(3.0, 200.0)])
    first, again, other = (make_sequences([tone(0.5)], 3, around, body, seed) for seed in (0, 0, 1))
    assert first.embeddings.shape == (3, SEQUENCE_STEPS, 96) and first.takes.tolist() == [0, 0, 0]
    np.testing.assert_array_equal(first.embeddings, again.embeddings)
    np.testing.assert_array_equal(first.ends_s, again.ends_s)
    assert not np.array_equal(first.embeddings, other.embeddings)
    assert len(first.of(np.array([True, False, True]))) == 2


def test_varied_talk_stays_within_range() -> None:
    rng = np.random.default_rng(3)
    around = made_surroundings([])
    for _ in range(10):
        sound = varied(tone(1.0), around, rng)
        assert np.isfinite(sound).all() and np.abs(sound).max() <= 1 and 0.8 < len(sound) / SAMPLE_RATE < 1.25


def test_backgrounds_hold_each_noise_in_turn_and_are_the_same_for_the_same_seed() -> None:
    around = lively_surroundings([tone(3.0, 200.0)])
    assert len(around.noises) > len(made_surroundings([]).noises)
    first, again, other = (list(backgrounds(around, 30.0, seed)) for seed in (0, 0, 1))
    assert [len(sound) for sound in first] == [round(BACKGROUND_S * SAMPLE_RATE)] * 3
    assert all(np.abs(sound).max() <= 1 and rms(sound) > 0 for sound in first)
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


def test_backgrounds_need_no_speech() -> None:
    alone = Surroundings([], [tone(1.0)], [])
    assert len(list(backgrounds(alone, 20.0, 0))) == 2


def test_it_stops_when_it_is_cancelled() -> None:
    body = WholeStreams(load_body(BODY_SHA256))
    with pytest.raises(StageStoppedError):
        make_sequences([tone(0.5)], 1, Surroundings([], [], []), body, 0, Progress(is_cancelled=lambda: True))


@pytest.mark.parametrize(("around", "least", "most"), [(SpeechAround(), 0.0, 0.04), (CUT_IN, 0.08, 0.25)])
def test_a_word_cuts_a_speaker_off_as_often_as_asked(around: SpeechAround, least: float, most: float) -> None:
    """On both sides, without a pause: the sound just before the word and just after it is speech."""
    gap = round(0.02 * SAMPLE_RATE)
    word, speech = 0.5, Surroundings([], [], [tone(6.0, 200.0)], around)
    cut_off = 0
    for seed in range(200):
        sound, end_s = sequence_of(tone(word), speech, np.random.default_rng(seed), plain=True)
        end = round(end_s * SAMPLE_RATE)
        begin, said = end - round(word * SAMPLE_RATE), rms(sound)
        before, after = sound[begin - 2 * gap : begin - gap // 8], sound[end + gap // 8 : end + 2 * gap]
        cut_off += min(rms(before), rms(after)) > 0.1 * said
    assert least <= cut_off / 200 <= most


def test_joined_surroundings_have_the_sounds_of_both() -> None:
    made, more = Surroundings([tone(0.1)], [tone(1.0)], []), Surroundings([], [tone(2.0)], [tone(3.0)], CUT_IN)
    both = joined(made, more)
    assert [len(both.rooms), len(both.noises), len(both.speech)] == [1, 2, 1] and both.around == CUT_IN
