"""The wizard with a real microphone stream: takes are spoken into a virtual microphone by espeak-ng."""

import subprocess
from pathlib import Path

import pytest
import soundfile

from kws_app.audio.microphone import MicrophoneSource
from kws_app.audio.portaudio import list_microphones
from kws_app.own_word.order import holds_sound
from kws_app.own_word.takes import Fault
from kws_app.ui.own_word.wizard import SAY, OwnWordWizard
from tests.soak.sound_server import SoundServer
from tests.support.programs import require
from tests.support.window_bench import Bench, listening

VOICES = ("en-us", "en-us+f3", "en-gb")


@pytest.fixture
def wizard(bench: Bench, virtual_microphone: SoundServer, monkeypatch: pytest.MonkeyPatch) -> OwnWordWizard:
    """The wizard at its second page, in a window that listens to the virtual microphone."""
    for name, value in virtual_microphone.environment.items():
        monkeypatch.setenv(name, value)
    list_microphones(rescan=True)
    monkeypatch.setattr(bench, "open_source", lambda choice, _: MicrophoneSource(choice.microphone))
    window = bench.open()
    window.word_list.show_chooser()
    assert window.word_list.chooser is not None
    window.word_list.chooser.own.click()
    wizard = window.own_word.wizard
    assert wizard is not None
    wizard.word_page.edit.setText("hello kitchen")
    wizard.next.click()
    assert wizard.page == SAY
    bench.qtbot.waitUntil(lambda: listening(window))  # the page opens the microphone
    return wizard


def spoken(folder: Path) -> list[Path]:
    """The word in several voices."""
    require("espeak-ng")
    paths = [folder / f"{number}.wav" for number in range(len(VOICES))]
    for voice, path in zip(VOICES, paths, strict=True):
        subprocess.run(["espeak-ng", "-v", voice, "-w", str(path), "hello kitchen"], check=True)
    return paths


@pytest.mark.long
def test_takes_are_said_after_the_count_checked_kept_and_played(
    wizard: OwnWordWizard, bench: Bench, virtual_microphone: SoundServer, tmp_path: Path
):
    page, voices = wizard.say_page, spoken(tmp_path)
    button = page.counts.button(3)
    assert button is not None
    button.click()
    page.record.click()
    prompts: list[str] = []
    while page.recording:  # a take that a busy machine spoils is asked for again
        bench.qtbot.waitUntil(lambda: page.speaking or not page.recording)
        if page.speaking:
            prompts.append(page.prompt.text())
            player = virtual_microphone.play(voices[page.good_takes % len(voices)])
            bench.qtbot.waitUntil(lambda: not page.speaking)
            player.wait()
    assert page.good_takes == 3, [take.fault for take in page.takes]
    assert prompts[0] == "Say it now"
    assert all(0.4 < take.length_s < 2.0 for take in page.takes)  # trimmed
    page.view.lines[0].play.click()
    wizard.close()
    kept = sorted(wizard.places.takes.glob("*.flac"))
    assert len(kept) == 3 and soundfile.info(kept[0]).samplerate == 16_000


@pytest.mark.long
def test_silence_is_told_and_the_room_is_kept(
    wizard: OwnWordWizard, bench: Bench, virtual_microphone: SoundServer, tmp_path: Path
):
    page = wizard.say_page
    page.record.click()
    bench.qtbot.waitUntil(lambda: bool(page.takes))
    assert page.takes[0].fault is Fault.SILENT
    page.record.click()
    page.room.record.click()
    player = virtual_microphone.play(spoken(tmp_path)[0])
    bench.qtbot.waitUntil(lambda: page.room.bar.value() >= 12)
    page.room.record.click()
    player.wait()
    assert page.room.samples is not None
    wizard.close()
    assert holds_sound(wizard.places.not_the_word) or not page.room.samples.any()
