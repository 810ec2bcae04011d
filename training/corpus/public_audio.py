"""Public audio beyond the packed parts: where each source comes from, its licence, and which of its files are wanted.

`fetch.py` brings the sources. A speaker or file that judges the result is left out (held_back.py).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

Texts = Callable[[str, str], dict[str, str]]  # a file's name and its content -> what recordings say, by their new name
Place = Callable[[str], str | None]  # a file's name in the source -> its name below the folder; None: not wanted


@dataclass(frozen=True)
class PublicSource:
    """A set of recordings that a stranger can get."""

    name: str  # what the user types
    kind: str  # talk, words, wake words, noise, music or rooms
    folder: str  # below the data folder
    licence: str
    about: str
    place: Place
    repository: str = ""  # on GitHub, owner/name
    packages: tuple[str, ...] = ()  # of Debian
    beside: str = ""  # the packed part that may hold the same recordings; what is there is left out
    licence_lists: str = ""  # a folder of text files; only recordings that a file there names are brought
    texts: Texts | None = None  # of the files that `text_files` matches
    text_files: str = ""  # a pattern of whole names
    size_mb: int = 0  # to download, about

    @property
    def origin(self) -> str:
        """Where it comes from, for a person to read."""
        return f"https://github.com/{self.repository}" if self.repository else "Debian: " + ", ".join(self.packages)


def _pattern(pattern: str, name: str) -> Place:
    """Files whose whole name matches; `name` is a template for the groups of the match."""
    compiled = re.compile(pattern)

    def place(path: str) -> str | None:
        match = compiled.fullmatch(path)
        return re.sub(r"[^\w.-]", "_", match.expand(name)) if match else None

    return place


def _learner(path: str) -> str | None:
    match = re.fullmatch(r"WAVE/SPEAKER(\d{4})/(\d+)\.WAV", path, re.IGNORECASE)
    return f"spk{match[1]}-{match[2]}" if match else None


def _learner_texts(_: str, content: str) -> dict[str, str]:
    """A line a recording: its number, which starts with the speaker's, then the sentence."""
    rows = (line.split(maxsplit=1) for line in content.splitlines() if len(line.split(maxsplit=1)) == 2)
    return {f"spk{number[1:5]}-{number}": text for number, text in rows}


def _text_beside(name: str, content: str) -> dict[str, str]:
    return {f"kathleen-{name.rsplit('/', 1)[-1].removesuffix('.txt')}": content.strip()}


def _table(prefix: str) -> Texts:
    """A line a recording: its name, a bar, the sentence."""

    def texts(_: str, content: str) -> dict[str, str]:
        rows = (line.split("|", 1) for line in content.splitlines() if "|" in line)
        return {prefix + name: text for name, text in rows}

    return texts


def _community_word(path: str) -> str | None:
    match = re.fullmatch(r"wake-words/(\w\w)/([^/]+)/([^/]+)\.wav", path)
    if not match:
        return None
    return f"{match[2]}/{match[1]}-{match[3]}"


def _community_noise(path: str) -> str | None:
    """Noises, and sounds that set a listener off by mistake. The licence covers those kept before 16 December 2020."""
    match = re.fullmatch(r"not-wake-words/(?:noises/([^/]+)|\w\w)/([^/]+)\.wav", path)
    if not match:
        return None
    kept_at = re.search(r"_(1\d{9})\d{3}$", match[2])
    if (match[1] or "").startswith("false_activations") and (not kept_at or int(kept_at[1]) >= 1608163200):
        return None
    return f"{match[1] or 'words'}-{match[2][-60:]}"


_LOUD_TOYS = (  # hardly a room, or no room at all
    "filter-|comb-|matrix|backwards|cosmic|sifter|peculiar|feedback|stretch|wildecho|backslap|noise-spreader|ambisonic|"
    "spreader50|diffusor"
)


def _web_room(path: str) -> str | None:
    match = re.fullmatch(r"src/sounds/impulse-responses/(.+)\.wav", path)
    return match[1] if match and not re.search(_LOUD_TOYS, match[1]) else None


def _moodist(path: str) -> str | None:
    """Sounds of places and machines; tones that are made by a program are left out."""
    match = re.fullmatch(r"public/sounds/(animals|nature|places|rain|things|transport|urban)/(.+)\.mp3", path)
    return f"{match[1]}-{match[2]}" if match else None


SOURCES = (
    PublicSource(
        "english-learners",
        "talk",
        "more_talk/english_learners",
        "free for commercial and other use, as its authors say",
        "speechocean762: learners of English, children and adults, 250 speakers, short read sentences",
        _learner,
        repository="jimbozhang/speechocean762",
        beside="more_speech/english_learners",
        texts=_learner_texts,
        text_files="(test|train)/text",
        size_mb=600,
    ),
    PublicSource(
        "kathleen",
        "talk",
        "more_talk/kathleen_en",
        "CC0 1.0",
        "one reader, American English",
        _pattern(r"data/(arctic_\w+)\.wav", r"kathleen-\1"),
        repository="rhasspy/dataset-voice-kathleen",
        beside="more_speech/kathleen_en",
        texts=_text_beside,
        text_files=r"data/arctic_\w+\.txt",
        size_mb=900,
    ),
    PublicSource(
        "kerstin",
        "talk",
        "more_talk/kerstin_de",
        "CC0 1.0",
        "one reader, German",
        _pattern(r"verified/(.+)\.flac", r"kerstin-\1"),
        repository="rhasspy/dataset-voice-kerstin",
        beside="more_speech/kerstin_de",
        texts=_table("kerstin-"),
        text_files=r"metadata\.csv",
        size_mb=350,
    ),
    PublicSource(
        "nathalie",
        "talk",
        "more_talk/nathalie_nl",
        "CC0 1.0",
        "one reader, Dutch",
        _pattern(r"verified/(.+)\.flac", r"nathalie-verified_\1"),
        repository="rhasspy/dataset-voice-nathalie",
        beside="more_speech/nathalie_nl",
        texts=_table("nathalie-verified_"),
        text_files=r"metadata\.csv",
        size_mb=140,
    ),
    PublicSource(
        "czech-dialogue",
        "talk",
        "more_talk/fillets_cs",
        "GPL-2",
        "acted dialogue of a game, Czech",
        _pattern(r"usr/share/games/fillets-ng/sound/(?:share/)?([\w-]+)/cs/(.+)\.ogg", r"\1-\2"),
        packages=("fillets-ng-data-cs",),
        size_mb=39,
    ),
    PublicSource(
        "dutch-dialogue",
        "talk",
        "more_talk/fillets_nl",
        "GPL-2",
        "acted dialogue of a game, Dutch",
        _pattern(r"usr/share/games/fillets-ng/sound/(?:share/)?([\w-]+)/nl/(.+)\.ogg", r"\1-\2"),
        packages=("fillets-ng-data-nl",),
        size_mb=33,
    ),
    PublicSource(
        "telephone-prompts",
        "talk",
        "more_talk/telephone",
        "CC BY-SA 3.0",
        "the announcements of a telephone exchange in English, Spanish, French, Italian and Russian, 8 kHz",
        _pattern(r"usr/share/asterisk/sounds/(\w\w)_.+/(?:wav/)?([\w./-]+)\.wav", r"\1-\2"),
        packages=tuple(f"asterisk-core-sounds-{language}-wav" for language in ("en", "es", "fr", "it", "ru")),
        size_mb=98,
    ),
    PublicSource(
        "arabic-commands",
        "words",
        "more_words/arabic_commands",
        "CC BY 4.0",
        "40 command words, 30 speakers, 12,000 clips of a second",
        _pattern(r"dataset/([^/]+)/(\d+)_NO_(\d+)\.wav", r"\2-\1-\3"),
        repository="abdulkaderghandoura/arabic-speech-commands-dataset",
        size_mb=300,
    ),
    PublicSource(
        "odd-words",
        "words",
        "more_words/odd_words",
        "CC BY 4.0",
        "530 clips of odd words and short phrases",
        _pattern(r"custom_keywords/([^/]+)/(.+)\.wav", r"\1-\2"),
        repository="ShawnHymel/custom-speech-commands-dataset",
        size_mb=100,
    ),
    PublicSource(
        "community-wake-words",
        "wake words",
        "more_wake_words",
        "public domain",
        "wake words that people gave: computer, hey computer, and others",
        _community_word,
        repository="OpenVoiceOS/ovos-ww-community-dataset",
        licence_lists="licenses/",
        size_mb=300,
    ),
    PublicSource(
        "community-noises",
        "noise",
        "more_noise/community",
        "public domain",
        "noises and false alarms that people gave",
        _community_noise,
        repository="OpenVoiceOS/ovos-ww-community-dataset",
        licence_lists="licenses/",
        size_mb=300,
    ),
    PublicSource(
        "moodist",
        "noise",
        "more_noise/moodist",
        "Pixabay content licence or CC0, by file",
        "cafes, offices, streets, rain, wind, machines",
        _moodist,
        repository="remvze/moodist",
        size_mb=120,
    ),
    PublicSource(
        "blanket",
        "noise",
        "more_noise/blanket",
        "CC0, public domain, CC BY or CC BY-SA, by file",
        "cafe, city, train, rain, wind",
        _pattern(r"data/resources/sounds/(?!pink|white)(.+)\.ogg", r"\1"),
        repository="rafaelmardojai/blanket",
        size_mb=20,
    ),
    PublicSource(
        "music-wesnoth",
        "music",
        "more_music/wesnoth",
        "GPL-2",
        "orchestral music of a game",
        _pattern(r"usr/share/games/wesnoth/.+/music/(.+)\.ogg", r"\1"),
        packages=("wesnoth-1.16-music",),
        size_mb=153,
    ),
    PublicSource(
        "music-hedgewars",
        "music",
        "more_music/hedgewars",
        "GPL-2, GFDL 1.3 or CC BY, by file",
        "music of a game",
        _pattern(r"usr/share/games/hedgewars/Data/Music/(.+)\.ogg", r"\1"),
        packages=("hedgewars-data",),
        size_mb=145,
    ),
    PublicSource(
        "music-singularity",
        "music",
        "more_music/singularity",
        "CC BY-SA 3.0",
        "electronic music of a game",
        _pattern(r"usr/share/games/singularity/music/(.+)\.ogg", r"\1"),
        packages=("singularity-music",),
        size_mb=52,
    ),
    PublicSource(
        "rooms-voxengo",
        "rooms",
        "more_rooms/voxengo",
        "free for any purpose, as its authors say",
        "impulse responses of halls and rooms",
        _pattern(r"IR/Voxengo/samples/(?!deep_space|on_a_star|rays|direct_cabinet)(.+)\.wav", r"\1"),
        repository="oramics/sampled",
        size_mb=180,
    ),
    PublicSource(
        "rooms-web-audio",
        "rooms",
        "more_rooms/web_audio",
        "Apache-2.0",
        "impulse responses of rooms",
        _web_room,
        repository="GoogleChromeLabs/web-audio-samples",
        size_mb=70,
    ),
)


def source_named(name: str) -> PublicSource:
    """raises ValueError, with the names that there are, if there is no such source"""
    for source in SOURCES:
        if source.name == name:
            return source
    raise ValueError(f"There is no audio source '{name}'. The sources are: {', '.join(s.name for s in SOURCES)}.")
