"""Heads: windows, margins by hand, mining, and a head that learns a pattern that talk does not have."""

import numpy as np
import pytest
import torch

from training.own_word.heads import Head, HeadConfig, Material, _Batches, _Negatives, margins, train_head, windows_of
from training.own_word.measure import Measured, peaks_of, recommended_threshold, talk_peaks, word_peaks
from training.own_word.sequences import SEQUENCE_STEPS, Sequences
from training.own_word.talk_embeddings import Talk, TalkStream, talk_of
from training.progress import Progress, StageStoppedError

SMALL = HeadConfig(window_steps=6, hidden=16, steps=120, positives=32, negatives=64, mined_windows=200)


def toy_talk(seed: int = 0) -> Talk:
    rng = np.random.default_rng(seed)
    split = ("training", "training", "validation")
    return talk_of([TalkStream(str(i), s, rng.normal(size=(2000, 96)).astype(np.float32)) for i, s in enumerate(split)])


def toy_word(count: int, seed: int = 0) -> Sequences:
    """Talk in which some numbers rise for four steps at the end of the word."""
    rng = np.random.default_rng(seed)
    embeddings = rng.normal(size=(count, SEQUENCE_STEPS, 96))
    ends_s = rng.uniform(2.2, 2.7, count).astype(np.float32)
    for row, end_s in zip(embeddings, ends_s, strict=True):
        at = int(end_s / 0.08)
        row[at - 3 : at + 1, :20] += 2.0
    return Sequences(embeddings.astype(np.float16), ends_s, np.arange(count, dtype=np.int32))


def test_windows_share_the_streams_memory() -> None:
    stream = torch.arange(5 * 96, dtype=torch.float32).view(5, 96)
    windows = windows_of(stream, 3)
    assert windows.shape == (3, 288)
    torch.testing.assert_close(windows[1], stream[1:4].flatten())
    column_by_column = stream.t().contiguous().t()  # the same numbers, in another order in memory
    torch.testing.assert_close(windows_of(column_by_column, 3), windows)


def test_margins_of_a_stream_are_those_of_its_windows() -> None:
    torch.manual_seed(0)
    head, stream = Head(SMALL).eval(), torch.randn(50, 96)
    with torch.inference_mode():
        torch.testing.assert_close(margins(head, stream), head(windows_of(stream, 6)), rtol=0, atol=1e-5)
    assert len(margins(head, stream[:5])) == 0


def test_no_window_reaches_over_two_streams() -> None:
    talk = toy_talk()
    starts = _Negatives(talk.of("training"), talk, SMALL).starts
    assert set(range(1995, 2000)).isdisjoint(starts.tolist()) and {0, 1994, 2000, 3994} <= set(starts.tolist())


def test_talk_that_probably_says_the_word_is_not_mined() -> None:
    talk, head = toy_talk(), Head(SMALL).eval()
    negatives = _Negatives(talk.of("training"), talk, SMALL)
    found = margins(head, negatives.stream).numpy()
    limit = float(np.sort(found[negatives.starts])[-20])
    hardest = negatives.hardest(head, 100, below=limit)
    assert len(hardest) == 100 and found[hardest].max() <= limit


def test_a_head_learns_the_word_the_same_way_each_time() -> None:
    material = Material([(toy_word(80), 1.0)], toy_talk())
    first, again = (train_head(material, SMALL, seed=0) for _ in range(2))
    for ours, theirs in zip(first.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
    talk, unheard = material.talk, toy_word(60, seed=9)
    measured = Measured(talk_peaks([first], talk, talk.of("validation")), 0.04, word_peaks([first], talk, unheard))
    threshold = float(measured.talk[0]) + 0.01
    assert measured.alarms(threshold) == 0 and measured.missed(threshold) <= 3


def test_a_batch_has_the_word_first_and_the_asked_numbers() -> None:
    batches = _Batches(
        Material([(toy_word(20), 3.0), (toy_word(10, 5), 1.0)], toy_talk()), SMALL, np.random.default_rng(0)
    )
    windows, labels = batches.next()
    assert windows.shape == (96, 6 * 96) and labels[:32].sum() == 32 and labels.sum() == 32
    assert windows[:32, -4 * 96 :].view(32, 4, 96)[:, :, :20].mean() > 0.3 > windows[32:].mean().abs()
    batches.mine(Head(SMALL))
    assert len(batches.next()[0]) == 96


def test_training_ends_when_it_is_cancelled() -> None:
    with pytest.raises(StageStoppedError):
        train_head(Material([(toy_word(20), 1.0)], toy_talk()), SMALL, 0, Progress(is_cancelled=lambda: True))


def test_peaks_are_a_second_apart() -> None:
    found = np.full(100, -5.0)
    found[[10, 15, 22, 23, 60]] = [1.0, 2.0, 0.5, 1.9, 3.0]
    # 1 s is twelve steps: 15 silences all from 3 to 27
    assert peaks_of(found)[:2].tolist() == [3.0, 2.0]
    assert (peaks_of(found)[2:] == -5.0).all()


def test_thresholds_are_those_of_the_counted_alarms() -> None:
    measured = Measured(np.array([4.0, 3.0, 1.0, -2.0]), 4.0, np.array([2.0, 5.0, 6.0, 6.5]))
    assert measured.alarms(3.0) == 2 and measured.missed(5.0) == 1
    assert measured.threshold_for(0.1) == pytest.approx(4.01)
    assert measured.threshold_for(0.5) == pytest.approx(1.01)  # two alarms in four hours are allowed


def test_the_threshold_keeps_the_upper_limit_of_the_alarms() -> None:
    peaks = np.array([4.0, 3.0, 1.0, -2.0])
    no_word = np.zeros(0)
    # the upper limit of 80 % is 1.61 alarms where none is heard, and 2.99 where one is
    assert Measured(peaks, 4.0, no_word).threshold_below(0.5) == pytest.approx(4.01)  # 2 are allowed
    assert Measured(peaks, 6.0, no_word).threshold_below(0.5) == pytest.approx(3.01)  # 3 are allowed
    # 1 is allowed, less than where none is heard: beyond the highest, as far as the rate falls by 1.61
    fall = (6.0 + 5.0 + 3.0) / 3
    assert Measured(peaks, 2.0, no_word).threshold_below(0.5) == pytest.approx(4.0 + fall * np.log(1.6094), abs=1e-3)
    assert Measured(np.zeros(0), 4.0, no_word).threshold_below(0.5) == 0.0


def test_a_threshold_goes_higher_where_the_word_lies_higher() -> None:
    measured = Measured(np.array([4.0, 3.0, 1.0, -2.0]), 6.0, np.array([4.0, 7.0, 8.0, 8.5]))
    assert recommended_threshold(measured) == pytest.approx(4.45)  # 5 % of four words lie below it
    assert recommended_threshold(measured, recorded=False) == pytest.approx((3.01 + 4.45) / 2)
    few = Measured(measured.talk, 6.0, np.array([0.5, 0.6]))
    assert recommended_threshold(few) == pytest.approx(3.01)
    assert recommended_threshold(Measured(measured.talk, 6.0, np.zeros(0))) == pytest.approx(3.01)
