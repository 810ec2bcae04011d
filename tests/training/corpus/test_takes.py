"""Takes are spread over voices and pronunciations, and made once. Failures have a reason."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.corpus.near_sounds import NearSound
from training.corpus.pronunciations import Pronunciation
from training.corpus.takes import Take, make_takes, plan_near, plan_takes
from training.corpus.voice_engines import Engine, UnsayableError
from training.corpus.voice_engines.engine import Sound
from training.corpus.voice_engines.kokoro import KokoroEngine
from training.corpus.voice_files import STYLES
from training.progress import Progress, StageStoppedError

WAYS = [Pronunciation("word", ((sound, "ˈɜː", "d"),), "en-us", sound) for sound in "wvb"]


class MadeUpEngine:
    """Twenty voices that hum. Voice 3 cannot say the second pronunciation."""

    name = "made up"
    licence = "none"
    says_phonemes = True

    def __init__(self, seconds: float = 0.5) -> None:
        self.seconds, self.said = seconds, 0

    def is_here(self) -> bool:
        return True

    def missing(self) -> str:
        return ""

    def voices(self, language: str) -> list[str]:
        return [f"voice {number}" for number in range(20)]

    def say(self, pronunciation: Pronunciation, voice: str, speed: float, ending: str = ".") -> Sound:
        if voice == "voice 3" and pronunciation is WAYS[1]:
            raise UnsayableError("voice 3 has no v")
        self.said += 1
        return np.full(int(16_000 * self.seconds / speed), 0.25, np.float32)


def planned(engine: Engine, folder: Path, count: int = 60) -> list[Take]:
    return plan_takes(WAYS, [engine], "en", folder, count)


def test_a_plan_uses_every_voice_first_and_all_pronunciations_alike(tmp_path: Path) -> None:
    plan = planned(MadeUpEngine(), tmp_path)
    assert len({take.path for take in plan}) == 60
    assert len({take.voice for take in plan[:20]}) == 20
    for way in WAYS:
        assert sum(take.pronunciation is way for take in plan) == 20
    by_voice = {take.voice: {t.pronunciation for t in plan if t.voice == take.voice} for take in plan}
    assert all(len(ways) == 3 for ways in by_voice.values())
    assert {take.ending for take in plan} == {".", "!", "?"}
    assert plan == planned(MadeUpEngine(), tmp_path)
    assert plan != plan_takes(WAYS, [MadeUpEngine()], "en", tmp_path, 60, seed=1)


def test_takes_are_made_once(tmp_path: Path) -> None:
    engine = MadeUpEngine()
    made = make_takes(planned(engine, tmp_path), [engine], workers=2)
    assert made.failed == 1 and made.reasons == ["voice 3 has no v"]
    assert made.counts() == {"made up": 59} and engine.said == 59
    assert [take.path for take in made.takes] == [t.path for t in planned(engine, tmp_path) if t.path.is_file()]
    sound, rate = soundfile.read(str(made.takes[0].path))
    assert rate == 16_000 and np.allclose(sound, 0.25, atol=1e-3)
    make_takes(planned(engine, tmp_path), [engine])
    assert engine.said == 59


def test_a_stopped_run_keeps_its_takes_and_goes_on(tmp_path: Path) -> None:
    engine = MadeUpEngine()
    told: list[int] = []

    def tell(what: str, done: int, total: int, note: str) -> None:
        told.append(done)

    with pytest.raises(StageStoppedError):
        make_takes(planned(engine, tmp_path), [engine], Progress(tell, is_cancelled=lambda: len(told) >= 10), workers=1)
    there = len(list(tmp_path.rglob("*.wav")))
    assert 10 <= there < 40
    make_takes(planned(engine, tmp_path), [engine])
    assert engine.said == 59


@pytest.mark.parametrize("seconds", [0.05, 20.0])
def test_a_take_that_is_no_word_is_not_kept(tmp_path: Path, seconds: float) -> None:
    engine = MadeUpEngine(seconds)
    with pytest.raises(OSError, match=r"No voice could say the word: .* no word"):
        make_takes(planned(engine, tmp_path, 3), [engine])
    assert not list(tmp_path.rglob("*.wav"))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "made_up").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        make_takes(planned(MadeUpEngine(), tmp_path), [MadeUpEngine()])


def test_near_sounds_are_said_by_voices_that_change(tmp_path: Path) -> None:
    sounds = [NearSound(way, 0.1, "word") for way in WAYS]
    plan = plan_near(sounds, [MadeUpEngine()], "en", tmp_path, each=4)
    assert len(plan) == 12 and all(take.near for take in plan)
    assert len({take.voice for take in plan}) == 12


def test_without_a_voice_the_sentence_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="install espeak-ng"):
        plan_takes(WAYS, [], "en", tmp_path)
    with pytest.raises(ValueError, match="install espeak-ng"):
        plan_near([], [], "en", tmp_path)


def test_other_engines_join_in_with_a_small_share(tmp_path: Path) -> None:
    class Second(MadeUpEngine):
        name = "second"

    plan = plan_takes(WAYS, [MadeUpEngine(), Second()], "en", tmp_path, 60)
    assert sum(take.engine == "second" for take in plan) == 6


def test_kokoro_blends_its_own_voices_and_foreign_ones(tmp_path: Path) -> None:
    styles = tmp_path / STYLES
    styles.mkdir()
    for name in ("af_a", "af_b", "am_c", "bm_d", "jf_e", "zm_f"):
        (styles / f"{name}.bin").touch()
    engine = KokoroEngine(tmp_path)
    plan = plan_takes(WAYS, [engine], "en", tmp_path, 48)
    voices = {take.voice for take in plan}
    assert voices >= {"af_a", "af_b", "am_c", "bm_d", "jf_e", "zm_f"}
    blends = [set(voice.split("+")) for voice in voices if "+" in voice]
    assert any(not pair & {"jf_e", "zm_f"} for pair in blends)
    assert any(pair & {"jf_e", "zm_f"} for pair in blends)
    assert all(pair & {"af_a", "af_b", "am_c", "bm_d"} for pair in blends)
    assert plan == plan_takes(WAYS, [engine], "en", tmp_path, 48)
