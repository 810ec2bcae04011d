"""The answers that the window gets about a typed word, from the command that it starts."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from tests.support.paths import REPOSITORY
from training import describe_word
from training.corpus import word_frequencies
from training.describe_word import main

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@pytest.fixture(autouse=True)
def own_words_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The short list of words that this project has, kept in a folder of the test's own."""
    monkeypatch.setattr(word_frequencies, "_wordfreq", lambda: None)
    monkeypatch.setattr(describe_word, "word_lists_dir", lambda: tmp_path / "word-lists")


@needs_espeak
def test_answers_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["Computer", "--json"]) == 0
    sounds, voices, advice = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert sounds["word"] == "computer"
    assert {"ipa": "kəmpjˈuːɾɚ", "accent": "en-us", "description": "American"} in sounds["pronunciations"]
    assert "espeak-ng" in [voice["engine"] for voice in voices["voices"]]
    assert "espeak-ng" not in voices["missing"]
    assert advice["verdict"] in ("good", "fair", "poor") and advice["sentences"]
    assert "commuter" in advice["near"]


@needs_espeak
def test_a_voice_says_the_word_and_each_way_to_say_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    said = {}
    for ipa in ("", "kəmpjˈuːɾɚ", "kɒmpjˈuːtɐ"):
        path = tmp_path / f"said-{len(said)}.wav"
        assert main(["Computer", "--json", "--say", str(path), "--pronunciation", ipa]) == 0
        assert json.loads(capsys.readouterr().out)["sample"] == str(path)
        assert 0.3 < soundfile.info(path).duration < 3
        said[ipa] = path.read_bytes()
    assert said["kəmpjˈuːɾɚ"] != said["kɒmpjˈuːtɐ"]


@needs_espeak
def test_another_way_is_written_as_it_sounds_or_in_phonetic_letters(capsys: pytest.CaptureFixture[str]) -> None:
    for letters, ipa in (("kompjutah", "kˈɑːmpdʒuːɾə"), ("kɒmpjˈuːtɐ", "kɒmpjˈuːtɐ")):
        assert main(["computer", "--json", "--like", letters]) == 0
        (way,) = json.loads(capsys.readouterr().out)["pronunciations"]
        assert way["ipa"] == ipa
    for letters in ("", "12", "ˈ", "!"):
        assert main(["computer", "--json", "--like", letters]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


@needs_espeak
def test_a_person_reads_sentences(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["smart mirror"]) == 0
    text = capsys.readouterr().out
    assert "(American)" in text and "'smart mirror' is a good wake word" in text


@needs_espeak
def test_a_language_without_a_word_list_still_has_pronunciations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guten Morgen", "--language", "de", "--json"]) == 0
    first, *_, last = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["pronunciations"][0]["accent"] == "de" and last["near"] == []


@pytest.mark.parametrize("word", ["", "7up", "😀", "a" * 200, "a/b", '"hey"'])
def test_bad_words_are_one_sentence(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1


def test_the_command_needs_no_torch() -> None:
    code = "import sys, training.describe_word; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0
