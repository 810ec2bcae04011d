"""Which talk the networks of a word learn from: by speaker and source, never test sources, never held-back audio."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.corpus.held_back import held_back_names
from training.corpus.recordings import group_split, stream_group
from training.network.speech_embedding import WholeStreams
from training.own_word.gather_talk import split_of_talk
from training.own_word.known_expert import KnownExpert
from training.own_word.lesson_sequences import Ear
from training.ready_word import talk
from training.ready_word.ready_config import ready_data
from training.ready_word.talk import TalkSource, gather_talk, noise_sources, talk_sources


def write(path: Path, seconds: float = 0.1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(path.name))
    soundfile.write(str(path), rng.normal(0, 0.01, int(seconds * SAMPLE_RATE)), SAMPLE_RATE)
    return path


def named(sources: list[TalkSource]) -> set[str]:
    return {f"{source.name}/{path.name}" for source in sources for path in source.paths}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for source in ("acted_talk/drascula", "more_talk/fillets_cs", "more_talk/fillets_nl", "more_talk/nathalie_nl"):
        write(tmp_path / source / "a.wav")
    for source in ("acted_talk/queen", "more_talk/kerstin_de", "more_talk/telephone"):
        for name in ("aa1", "bb2", "cc3", "dd4", "ee5", "it6"):
            write(tmp_path / source / f"{name}.wav")
    held = sorted(held_back_names()["librispeech speaker"])[0]
    for speaker in (held, *(f"9990{n}" for n in range(10, 40))):
        write(tmp_path / "speech_streams" / "librispeech" / f"{speaker}-1-0001.wav")
    return tmp_path


def test_sources_keep_to_their_sets(root: Path) -> None:
    data = ready_data("happy")
    training, validation = (named(talk_sources(root, data, split)) for split in ("training", "validation"))
    everything = training | validation
    assert not training & validation
    assert not any(part in name for name in everything for part in ("drascula", "fillets", "nathalie"))
    assert {name for name in everything if "kerstin" in name} <= validation
    assert "more_talk/telephone/it6.wav" in validation and "more_talk/telephone/aa1.wav" in training
    for name in everything:
        assert group_split(stream_group(root / name), 15, 25) != "testing"
        assert split_of_talk(root / name) == ("training" if name in training else "validation")
    assert {name.split("/")[1] for name in training} == {"queen", "telephone", "librispeech"}


def test_held_back_audio_stays_out(root: Path) -> None:
    held = sorted(held_back_names()["librispeech speaker"])[0]
    for split in ("training", "validation"):
        assert not any(name.startswith(f"{held}-") for name in named(talk_sources(root, ready_data("happy"), split)))


def test_recordings_that_say_the_word_stay_out(root: Path) -> None:
    data = ready_data("happy")
    said = sorted(named(talk_sources(root, data, "training")))[-1]  # of librispeech
    (root / "more_speech").mkdir()
    (root / "more_speech" / "transcripts.tsv").write_text(f"{said.removeprefix('speech_streams/')[:-4]}\tSO HAPPY\n")
    assert said not in named(talk_sources(root, data, "training"))


@pytest.mark.parametrize("split", ["testing", "all"])
def test_test_talk_is_refused(root: Path, split: str) -> None:
    with pytest.raises(ValueError, match="Networks learn from training and validation recordings alone"):
        talk_sources(root, ready_data("happy"), split)


def test_no_talk_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no talk for training below"):
        talk_sources(tmp_path, ready_data("happy"), "training")


def test_talk_is_heard_once_and_kept(expert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownExpert(expert / "rise" / "expert.safetensors")
    source = TalkSource("talk", tuple(write(tmp_path / "talk" / f"{n}.wav", 1.0 + n) for n in range(3)))
    monkeypatch.setattr(talk, "BLOCK_S", 2.5)  # two blocks
    ear = Ear(WholeStreams(load_body(BODY_SHA256)))
    first = gather_talk([source], known, ear, tmp_path / "kept")
    assert len(first.frames) == 8 * len(first.margin) and 6.0 < len(first.frames) / 100 < 7.0
    monkeypatch.setattr(talk, "load_or_pass_over", None)  # it cannot be heard again
    again = gather_talk([source], known, ear, tmp_path / "kept")
    np.testing.assert_array_equal(first.frames, again.frames)
    np.testing.assert_array_equal(first.margin, again.margin)


def test_noise_for_the_test_stays_out(tmp_path: Path) -> None:
    for folder in ("more_noise/moodist", "more_music/singularity", "more_noise/blanket", "more_music/hedgewars"):
        for number in range(8):
            write(tmp_path / folder / f"{number}.wav")
    found = named(noise_sources(tmp_path, ready_data("happy")))
    assert {name.split("/")[1] for name in found} == {"blanket", "hedgewars"}
    assert all(group_split(stream_group(tmp_path / name), 15, 25) == "training" for name in found) and len(found) < 16
    assert noise_sources(tmp_path, replace(ready_data("happy"), noise=())) == []
