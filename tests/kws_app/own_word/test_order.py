"""The order for a training, and how a word is saved."""

import json
from pathlib import Path

import pytest

from kws_app.own_word.order import Order, Typed, WordPlaces


def sound_in(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "a.flac").touch()


def test_only_folders_that_hold_sound_are_named(tmp_path: Path):
    places = WordPlaces(tmp_path, "Smart Mirror")
    places.takes.mkdir(parents=True)
    plain = list(Order(places, tmp_path / "models").arguments())
    assert plain[0] == "Smart Mirror" and "--recordings" not in plain and "--not-the-word" not in plain
    sound_in(places.said)
    sound_in(places.not_the_word)
    order = Order(places, tmp_path / "models", "de", ("kˈyçə",), if_better=True)
    given = list(order.arguments())
    assert given[given.index("--recordings") + 1] == str(places.said)
    assert given[given.index("--not-the-word") + 1] == str(places.not_the_word)
    assert given[given.index("--language") + 1] == "de" and "--if-better" in given
    assert given[-2:] == ["--say", "kˈyçə"]


def test_a_word_is_remembered_as_it_was_typed(tmp_path: Path):
    typed = Typed("Smart Mirror", "de", ("a", "b"))
    typed.save(tmp_path)
    assert Typed.of(tmp_path, "smart_mirror") == typed
    assert Typed.unfinished(tmp_path) == typed
    Typed("Smart Mirror", "de", learnt=True).save(tmp_path)
    assert Typed.unfinished(tmp_path) is None
    assert Typed.of(tmp_path, "another_word") == Typed("another word", learnt=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        json.dumps({"word": "a/b"}),
        json.dumps({"word": "../x", "language": "en"}),
        "x" * 99_999,
    ],
)
def test_a_damaged_file_is_no_word(tmp_path: Path, text: str):
    folder = WordPlaces(tmp_path, "smart mirror").takes
    folder.mkdir(parents=True)
    (folder / "word.json").write_text(text)
    assert Typed.of(tmp_path, "smart_mirror") == Typed("smart mirror", learnt=True)
    assert Typed.unfinished(tmp_path) is None
