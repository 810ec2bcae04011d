"""The layout, the official sets, and the recordings that are no negatives."""

from pathlib import Path

import pytest

from tests.support.toy_speech import DATA
from training.config import DataConfig
from training.corpus.recordings import (
    group_split,
    hash_percent,
    read_clips,
    read_recordings,
    says_keyword,
    speaker_of,
    split_of,
    stream_group,
)


def test_official_lists_decide(toy_archive: Path) -> None:
    clips = read_clips(toy_archive / "speech_commands")
    speakers = {
        split: {c.speaker for c in clips if c.split == split} for split in ("training", "validation", "testing")
    }
    assert len(clips) == 36
    assert speakers["validation"] == {"00000000", "00000001"}
    assert speakers["testing"] == {"00000002", "00000003"}
    assert not speakers["training"] & (speakers["validation"] | speakers["testing"])
    assert {c.word for c in clips} == {"rise", "fall", "flat"}


def test_without_lists_the_archives_rule_splits_by_speaker(tmp_path: Path) -> None:
    (tmp_path / "yes").mkdir()
    for speaker in range(200):
        for take in range(2):
            (tmp_path / "yes" / f"{speaker:08x}_nohash_{take}.wav").touch()
    clips = read_clips(tmp_path)
    by_speaker: dict[str, set[str]] = {}
    for clip in clips:
        by_speaker.setdefault(clip.speaker, set()).add(clip.split)
    assert all(len(splits) == 1 for splits in by_speaker.values())
    training = sum(splits == {"training"} for splits in by_speaker.values())
    assert 130 < training < 190


def test_hash_is_the_archives() -> None:
    # Speaker 0a7c2a8d of the archive is in its training set, 0132a06d in its validation set at 10 % each.
    assert speaker_of(Path("on/0a7c2a8d_nohash_0.wav")) == "0a7c2a8d"
    assert 0 <= hash_percent("0a7c2a8d") <= 100
    assert split_of("x", 0, 0) == "training" and split_of("x", 100, 0) == "validation"
    assert split_of("x", 0, 100) == "testing"


def test_shared_archive_agrees_with_the_rule(speech_names: Path) -> None:
    clips = read_clips(speech_names)
    wrong = [clip for clip in clips if split_of(clip.speaker, 10, 10) != clip.split]
    assert not wrong


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected <word>/<speaker>_nohash_<n>.wav"):
        read_clips(tmp_path)


def test_a_missing_folder_says_how_to_bring_the_audio(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="python -m training fetch"):
        read_clips(tmp_path / "none")


def test_recordings_that_say_the_keyword_are_left_out(tmp_path: Path) -> None:
    data = DataConfig(keyword="happy", speech=("more_speech/a",), exclude=("named",))
    folder = tmp_path / "more_speech" / "a"
    folder.mkdir(parents=True)
    for name in ("one", "two", "three", "named"):
        (folder / f"{name}.wav").touch()
    rows = ["a/one\tSO HAPPY", "a/two\tWHAT HAPPENED", "a/three\tMOST UNHAPPY"]
    (tmp_path / "more_speech" / "transcripts.tsv").write_text("\n".join(rows))
    assert says_keyword(tmp_path, data) == {"a/one", "a/three"}
    assert [r.path.stem for r in read_recordings(tmp_path, data.speech, data)] == ["two"]


def test_groups_keep_a_speaker_together() -> None:
    assert stream_group(Path("librispeech/84-121123-0001.wav")) == stream_group(Path("librispeech/84-1-2.wav"))
    assert stream_group(Path("ljspeech/LJ-1.wav")) == stream_group(Path("ljspeech/LJ-2.wav"))
    assert stream_group(Path("talk/a.wav")) != stream_group(Path("talk/b.wav"))


def test_toy_talk_is_in_all_sets(toy_archive: Path) -> None:
    assert {r.split for r in read_recordings(toy_archive, DATA.speech, DATA)} == {"training", "validation", "testing"}


@pytest.mark.parametrize(
    ("path", "group", "split"),
    [
        ("acted_talk/drascula/BJ22.wav", "drascula", "testing"),
        ("acted_talk/queen/020001P2.wav", "queen", "training"),
        ("more_talk/fillets_cs/gods-b1.flac", "fillets_cs", "testing"),
        ("more_talk/telephone/it-hello.flac", "telephone/it", "validation"),
        ("more_talk/telephone/en-hello.flac", "telephone/en", "training"),
        ("more_talk/gcompris/pt_BR-words-paper_bag.flac", "gcompris/pt_BR", "training"),
        ("more_talk/tuxpaint/fr-apple.flac", "tuxpaint/fr", "training"),
        ("more_talk/tuxpaint/ru-apple.flac", "tuxpaint/ru", "validation"),
        ("speech_streams/spoken_commands/a.wav", "spoken_commands/a", "testing"),
        ("more_words/arabic_commands/00000030-zoom_out-07.flac", "arabic_commands/00000030", None),
    ],
)
def test_a_source_of_one_cast_is_in_one_set(path: str, group: str, split: str | None) -> None:
    assert stream_group(Path(path)) == group
    assert group_split(group, 15, 25) == (split or split_of(group, 15, 25))


def test_a_speaker_is_in_one_set_wherever_the_recording_lies() -> None:
    old, new = (
        stream_group(Path(f"{folder}/english_learners/spk0003-1.wav")) for folder in ("more_speech", "more_talk")
    )
    assert old == new == "english_learners/spk0003"


def test_transcripts_beside_every_folder_are_read(tmp_path: Path) -> None:
    for folder, name in (("more_speech", "one/a"), ("more_talk", "two/b")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "transcripts.tsv").write_text(f"{name}\tI am unhappy\n{name}x\tnothing\n")
    assert says_keyword(tmp_path, DataConfig()) == {"one/a", "two/b"}
