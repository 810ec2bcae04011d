"""A series of takes on the clock of the microphone: the count-down, the takes, and when it ends."""

import numpy as np

from kws_app.audio.source import Feed
from kws_app.own_word.series import COUNT_S, FIRST_COUNT, MOST_BAD, NEXT_COUNT, Phase, Series
from kws_app.own_word.takes import Fault, Take
from tests.support.made_up_word import RATE_HZ, WORD, Audio, said, voice


def quiet(seconds: float) -> Audio:
    return np.zeros(round(seconds * RATE_HZ), dtype=np.float32)


def play(series: Series, sound: Audio) -> None:
    """In pieces, as a microphone gives them."""
    for first in range(0, len(sound), 640):
        series.feed.ring.write(sound[first : first + 640])
        series.look()


def say(series: Series, sound: Audio, numbers: int = NEXT_COUNT) -> None:
    """Let the count-down pass, then speak."""
    play(series, quiet(numbers * COUNT_S))
    assert series.phase is Phase.SPEAK
    play(series, sound)


def test_it_counts_down_then_records_until_there_are_enough():
    takes: list[Take] = []
    series = Series(Feed(RATE_HZ), takes, wanted=3)
    shown = []
    while series.phase is Phase.COUNT:
        shown.append(series.number)
        play(series, quiet(COUNT_S / 2))
    assert list(dict.fromkeys(shown)) == [3, 2, 1]
    assert not series.listens  # the room is heard first
    play(series, said(voice(*WORD), after_s=0.9))
    assert [take.good for take in takes] == [True]
    for seed in (1, 2):
        assert series.phase is Phase.COUNT
        say(series, said(voice(*WORD, seed=seed), after_s=0.9))
    assert series.phase is Phase.OVER and not series.trouble and len(takes) == 3


def test_a_bad_take_is_said_again_in_its_place_until_it_is_hopeless():
    takes: list[Take] = []
    series = Series(Feed(RATE_HZ), takes, wanted=2)
    say(series, quiet(5), FIRST_COUNT)
    assert [take.fault for take in takes] == [Fault.SILENT]
    play(series, said(voice(*WORD), before_s=NEXT_COUNT * COUNT_S, after_s=0.9))
    assert [take.good for take in takes] == [True] and series.phase is Phase.COUNT
    hopeless = Series(Feed(RATE_HZ), takes, wanted=5)
    say(hopeless, quiet(5), FIRST_COUNT)
    play(hopeless, quiet(MOST_BAD * 6.0))
    assert hopeless.phase is Phase.OVER and hopeless.trouble == Fault.SILENT.sentence
    assert [take.good for take in takes] == [True, False]


def test_one_take_is_said_again_and_no_more():
    takes = [Take(quiet(1), Fault.QUIET), Take(voice(*WORD))]
    series = Series(Feed(RATE_HZ), takes, wanted=9, redo=0)
    say(series, said(voice(*WORD), after_s=0.9), FIRST_COUNT)
    assert series.phase is Phase.OVER and [take.good for take in takes] == [True, True]


def test_sound_that_was_lost_ends_it_with_a_sentence():
    takes: list[Take] = []
    series = Series(Feed(RATE_HZ), takes, wanted=1)
    series.feed.ring.write(quiet(60.0))
    while series.phase is not Phase.OVER:
        series.look()
    assert "lost" in series.trouble and not takes
