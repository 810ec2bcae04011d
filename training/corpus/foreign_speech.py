"""Speech in many languages: espeak-ng says frequent words in random order.

A model of an English word must not answer to other languages, and few recordings of them may be used freely. The words
are single words of the package wordfreq: no sentence of anybody is copied.
"""

import importlib
import importlib.util
import io
import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.corpus.synthetic_speech import voices_of

Sound = NDArray[np.float32]

# Voices of espeak-ng. Czech and Dutch are left out: the test talk has them, as languages that training never heard.
LANGUAGES = (
    "ar bg bn ca cmn da de el es fa fi fr he hi hr hu id is it ja lt lv mk ms nb pl pt ro ru sl sv ta tr uk ur vi"
).split()
_LISTS = {"cmn": "zh", "hr": "sh"}  # wordfreq's name of a language, where espeak-ng has another
_WITHOUT_SPACES = ("cmn", "ja")
FOREIGN = "made"  # the name of this speech as a source of talk; a language of it is "made/es"
LISTED = 3000  # words of a language, the most frequent
ENGLISH = 10_000  # English words that are left out: a user may type one
WORDS = (3, 9)  # in a phrase, least and most
COMMAS = 0.12  # share of the words with a comma behind them
SHORTEST_S = 0.5  # seconds; a shorter phrase was not said: espeak-ng fails on a few, and says nothing


def can_speak() -> str:
    """Why there is no foreign speech on this machine. Empty if there is."""
    if shutil.which("espeak-ng") is None:
        return "install the program espeak-ng"
    if importlib.util.find_spec("wordfreq") is None:
        return "install the package wordfreq"
    return ""


def words_of(language: str) -> list[str]:
    """Frequent words of a language in its own letters, without words that are English too."""
    wordfreq = importlib.import_module("wordfreq")
    english = set(wordfreq.top_n_list("en", ENGLISH))
    found = wordfreq.top_n_list(_LISTS.get(language, language), LISTED)
    if language == "ja":  # espeak-ng reads no other letters of Japanese
        found = [word for word in found if all("\u3040" <= letter <= "\u30ff" for letter in word)]
    return [w for w in found if len(w) > 1 and w not in english and not any(map(str.isdigit, w))]


def phrases(language: str, seconds: float) -> Iterator[tuple[str, Sound]]:
    """Phrases of a language in the voices of training, each with a name, until they last so long together.

    The same language gives the same phrases. Each is a sound [N] at 16 kHz.
    raises OSError if espeak-ng cannot say most of them
    """
    rng = np.random.default_rng([LANGUAGES.index(language), 0])
    words, voices = words_of(language), voices_of("training")
    between = "" if language in _WITHOUT_SPACES else " "
    said_s, number = 0.0, 0
    while said_s < seconds:
        chosen = rng.choice(words, int(rng.integers(WORDS[0], WORDS[1] + 1)))
        text = between.join(str(word) + ("," if rng.random() < COMMAS else "") for word in chosen)
        sound = _say(text + str(rng.choice([".", "!", "?"])), language, str(rng.choice(voices)), rng)
        number += 1
        if len(sound) >= SHORTEST_S * SAMPLE_RATE:
            said_s += len(sound) / SAMPLE_RATE
            yield f"{language}-{number}", sound
        elif number > seconds / SHORTEST_S:
            raise OSError(f"espeak-ng says too little in the language '{language}': install all of its languages.")


def _say(text: str, language: str, voice: str, rng: np.random.Generator) -> Sound:
    """The phrase. Empty if espeak-ng gives no sound."""
    command = ["espeak-ng", "-v", f"{language}+{voice}", "-s", str(rng.integers(120, 240))]
    command += ["-p", str(rng.integers(15, 85)), "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        return np.zeros(0, np.float32)
    samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)
