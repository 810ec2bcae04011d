"""Synthetic speech: espeak-ng says sentences and single words in many voices, for training and for scoring.

The sentences avoid the keyword and hold words that sound like it. Each voice belongs to one set, by the hash of its
name, so no voice is in both training and test.
"""

import io
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from tqdm import tqdm

from kws_app.engine.frontend_config import SAMPLE_RATE
from training.atomic_file import written_whole
from training.corpus.recordings import split_of

SPEECH_FOLDER = "synthetic_speech"  # below the data folder; a passage is a file, <voice>-<number>.wav
WORDS_FOLDER = "synthetic_words"  # below the data folder, in Speech Commands' layout; training voices only
SENTENCES = 6  # in a passage
PASSAGE_S = 18.0  # seconds that a passage lasts, about
TAKES = 4  # of the keyword by each voice; another word has a single take

ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029", "en-us-nyc")
VOICES = (
    "m1 m2 m3 m4 m5 m6 m7 m8 f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 Alex Alicia Andrea Andy Annie Denis Diogo "
    "Gene Gene2 Jacky Lee Marco Mario Michael Mike adam anika announcer antonio aunty belinda benjamin boris caleb "
    "david ed edward grandma grandpa gustave iven iven2 john linda marcelo max michel miguel norbert pablo paul "
    "pedro quincy rob robert sandro shelby steph steph2 travis victor zac"
).split()
NEAR_WORDS = {  # words that sound like a keyword
    "happy": "happen happened happening apply hippie nappy snappy sappy harpy hobby habit puppy poppy copy coffee "
    "abbey apple appetite gabby tabby heavy heaven hoppy chappie hatpin half have-a hat-be help".split(),
    "computer": "commuter compute compete competing compute-it commute complete completer come-pewter conquer "
    "convertor commander compass pewter tutor future composer consumer confuser copper compare compartment".split(),
}
COMMON_WORDS = (
    "backward bed bird cat dog down eight five follow forward four go house learn left marvin nine no off on one "
    "right seven sheila six stop three tree two up visual wow yes zero hello okay music lights kitchen table"
).split()
NOUNS = (
    "man woman child teacher doctor farmer river mountain window garden letter story engine bottle carpet candle "
    "market village harbour station bridge winter summer morning evening dinner breakfast money problem question "
    "answer road paper picture mirror kitchen ladder hammer basket blanket pocket button lesson office factory "
    "hospital theatre concert ticket journey valley forest island captain soldier painter driver neighbour uncle "
    "sister"
).split()
VERBS = (
    "found opened carried followed painted repaired remembered forgot noticed watched bought sold dropped lifted "
    "described explained finished started visited crossed measured wanted needed borrowed cleaned counted heard saw"
).split()
ADJECTIVES = (
    "old young heavy little broken yellow quiet empty narrow clever hungry wooden bitter gentle rapid honest hollow "
    "frozen ancient careful ordinary peculiar handsome shabby floppy copper"
).split()
ENDINGS = (
    "before the rain began|in the early hours|without a word|for the second time|at half past seven|behind the abbey|"
    "on the other side of the road|with a cup of coffee|as it happened|to everyone's surprise|after the holidays|"
    "and nobody knew why|because of the weather|near the railway station|while the others slept|"
    "and apparently that was enough"
).split("|")
COMMANDS = (
    "turn the lights off in the kitchen|set a timer for eleven minutes|what is the weather like tomorrow|"
    "play some music in the living room|add apples and paper to the list|call me a taxi at nine|"
    "make a large coffee with milk|stop the washing machine|is the door locked|read me the news"
).split("|")

Sound = NDArray[np.float32]


def voice_split(voice: str) -> str:
    """The set of a voice. Voices are split like speakers: 60 % training, 15 % validation, 25 % test."""
    return split_of(f"{SPEECH_FOLDER}/{voice}", 15, 25)


def voices_of(split: str) -> list[str]:
    """The voices of a set."""
    return [voice for voice in VOICES if voice_split(voice) == split]


def sentence(rng: np.random.Generator, keyword: str) -> str:
    """A sentence without the keyword. A third of the sentences hold a word that sounds like it."""
    while True:
        text = _any_sentence(rng, keyword)
        if keyword.lower() not in text:
            return text


def _any_sentence(rng: np.random.Generator, keyword: str) -> str:
    draw = rng.random()
    if draw < 0.15:
        return str(rng.choice(COMMANDS))
    near = [word.replace("-", " ") for word in NEAR_WORDS.get(keyword, [])]
    if draw < 0.45 and near:
        first, second = rng.choice(near, 2)
        return f"the {rng.choice(NOUNS)} {rng.choice(VERBS)} {first}, {second}, {rng.choice(ENDINGS)}"
    subject, object_ = (f"the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}" for _ in range(2))
    return f"{subject} {rng.choice(VERBS)} {object_} {rng.choice(ENDINGS)}"


def say(text: str, voice: str, rng: np.random.Generator) -> Sound:
    """Let a voice say the text, with a random accent, speed and pitch. [N] at 16 kHz

    raises OSError if espeak-ng is missing or fails
    """
    if shutil.which("espeak-ng") is None:
        raise OSError("Synthetic speech needs the program espeak-ng, which was not found: install espeak-ng.")
    command = ["espeak-ng", "-v", f"{rng.choice(ACCENTS)}+{voice}", "-s", str(rng.integers(120, 215))]
    command += ["-p", str(rng.integers(25, 75)), "-a", str(rng.integers(60, 140)), "--stdout"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise OSError(f"espeak-ng could not speak ({done.stderr.decode(errors='replace').strip() or 'no sound'}).")
    samples, rate = soundfile.read(io.BytesIO(done.stdout), dtype="float32")
    return soxr.resample(samples, rate, SAMPLE_RATE).astype(np.float32)


def passages(split: str, keyword: str, seed: int) -> Iterator[tuple[str, Sound]]:
    """Yield a voice of the set and a passage of about 18 s, again and again. The same seed gives the same passages."""
    rng = np.random.default_rng(seed)
    voices = voices_of(split)
    while True:
        voice = str(rng.choice(voices))
        text = ". ".join(sentence(rng, keyword) for _ in range(SENTENCES))
        yield voice, say(text, voice, rng)


def stored_passages(folder: Path, split: str, keyword: str, hours: float) -> list[Path]:
    """Files of passages in the voices of a set. They are made once and kept in `folder`. Empty without espeak-ng."""
    if shutil.which("espeak-ng") is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    seconds = 0.0
    with tqdm(total=round(hours * 3600), desc=folder.name, unit="s", disable=None, leave=False) as bar:
        while seconds < hours * 3600:
            path = folder / f"{len(paths)}.wav"
            if not path.is_file():
                write_sound(path, next(passages(split, keyword, seed=len(paths)))[1])
            paths.append(path)
            length = soundfile.info(str(path)).duration
            bar.update(round(length))
            seconds += length
    return paths


def write_sound(path: Path, sound: Sound) -> None:
    """Write a 16-bit WAV file at 16 kHz."""
    with written_whole(path) as part:
        soundfile.write(str(part), sound, SAMPLE_RATE, subtype="PCM_16", format="WAV")


def write_speech(root: Path, hours: float, keyword: str) -> Path:
    """Write passages below root/SPEECH_FOLDER, equally many by each voice. Returns the folder.

    A run that was cut goes on where it was.
    """
    folder = root / SPEECH_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    takes = max(1, round(hours * 3600 / PASSAGE_S / len(VOICES)))
    wanted = [(voice, take) for voice in VOICES for take in range(takes)]
    for voice, take in tqdm(wanted, desc=SPEECH_FOLDER, unit="passage", disable=None):
        path = folder / f"{voice}-{take}.wav"
        if not path.is_file():
            rng = np.random.default_rng([VOICES.index(voice), take])
            write_sound(path, say(". ".join(sentence(rng, keyword) for _ in range(SENTENCES)), voice, rng))
    return folder


def write_words(root: Path, keyword: str) -> Path:
    """Let every training voice say the keyword, words like it and common words, below root/WORDS_FOLDER.

    Returns the folder. A run that was cut goes on where it was.
    """
    folder = root / WORDS_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("validation_list.txt", "testing_list.txt"):
        (folder / name).touch()  # empty lists: every word is for training
    words = [keyword, *NEAR_WORDS.get(keyword, []), *COMMON_WORDS]
    voices = voices_of("training")
    for word in tqdm(words, desc=WORDS_FOLDER, unit="word", disable=None):
        (folder / word).mkdir(exist_ok=True)
        for number, voice in enumerate(voices):
            for take in range(TAKES if word == keyword else 1):
                path = folder / word / f"{voice}_nohash_{take}.wav"
                if not path.is_file():
                    rng = np.random.default_rng([number, take, *word.encode()])
                    write_sound(path, say(word.replace("-", " "), voice, rng))
    return folder
