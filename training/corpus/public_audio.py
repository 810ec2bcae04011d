"""What a public source of audio is, and how its files are named here. The list of sources is public_sources.py.

A source states a Place: a function from a file's name in the source to its name here, or to None if the file is not
wanted. fetch_public.py brings the files. held_back.py names the files that nobody brings.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

Place = Callable[[str], str | None]  # a file's name in the source -> its name below the folder, without suffix
Texts = Callable[[str, str], dict[str, str]]  # name and content of a text file -> sentences, by the recording's name


@dataclass(frozen=True)
class PublicSource:
    """A set of recordings that anybody can get."""

    name: str  # what the user types
    kind: str  # talk, words, wake words, noise, music or rooms
    folder: str  # below the data folder
    licence: str
    about: str
    place: Place
    repository: str = ""  # on GitHub, owner/name
    packages: tuple[str, ...] = ()  # of Debian
    beside: str = ""  # a packed part below the data folder; recordings that it holds are not brought again
    licence_lists: str = ""  # a folder of text files; a recording is brought only if one of these files names it
    texts: Texts | None = None  # reads the sentences out of each file that `text_files` matches
    text_files: str = ""  # a pattern of whole file names
    size_mb: int = 0  # size of the download, about

    @property
    def origin(self) -> str:
        """Where it comes from, for a person to read."""
        return f"https://github.com/{self.repository}" if self.repository else "Debian: " + ", ".join(self.packages)


def matching(pattern: str, name: str) -> Place:
    """The files whose whole name matches the pattern. `name` is a template that the groups of the match fill in."""
    compiled = re.compile(pattern)

    def place(path: str) -> str | None:
        match = compiled.fullmatch(path)
        return re.sub(r"[^\w.-]", "_", match.expand(name)) if match else None

    return place


def learner(path: str) -> str | None:
    """speechocean762: spk<speaker>-<number>."""
    match = re.fullmatch(r"WAVE/SPEAKER(\d{4})/(\d+)\.WAV", path, re.IGNORECASE)
    return f"spk{match[1]}-{match[2]}" if match else None


def learner_texts(_: str, content: str) -> dict[str, str]:
    """A line for each recording: its number, which starts with the speaker's number, then the sentence."""
    rows = (line.split(maxsplit=1) for line in content.splitlines() if len(line.split(maxsplit=1)) == 2)
    return {f"spk{number[1:5]}-{number}": text for number, text in rows}


def text_beside(prefix: str) -> Texts:
    """A text file for each recording, with the recording's name."""

    def texts(name: str, content: str) -> dict[str, str]:
        return {prefix + name.rsplit("/", 1)[-1].removesuffix(".txt"): content.strip()}

    return texts


def table_of_texts(prefix: str) -> Texts:
    """A line for each recording: its name, a bar, the sentence."""

    def texts(_: str, content: str) -> dict[str, str]:
        rows = (line.split("|", 1) for line in content.splitlines() if "|" in line)
        return {prefix + name: text for name, text in rows}

    return texts


def words_of_licences(_: str, content: str) -> dict[str, str]:
    """GCompris: the English word that names a file, in whichever language it says the word.

    content: lines such as "./fr/words:", each followed by lines such as "angry_person.ogg   Ada / GPL"
    """
    folder, texts = "", {}
    for line in content.splitlines():
        if match := re.fullmatch(r"\./(\w+)/(\w+).*:", line.strip()):
            folder = f"{match[1]}-{match[2]}"
        elif match := re.match(r"([\w-]+)\.ogg\s", line):
            texts[f"{folder}-{match[1]}"] = re.sub("[_-]", " ", match[1])
    return texts


def community_word(path: str) -> str | None:
    """OpenVoiceOS: <word>/<language>-<recording>."""
    match = re.fullmatch(r"wake-words/(\w\w)/([^/]+)/([^/]+)\.wav", path)
    if not match:
        return None
    return f"{match[2]}/{match[1]}-{match[3]}"


_LICENSED_BEFORE = 1608163200  # seconds since 1970: 17 December 2020, UTC


def community_noise(path: str) -> str | None:
    """OpenVoiceOS: noises, and sounds that set off a listener by mistake, if the licence covers them."""
    match = re.fullmatch(r"not-wake-words/(?:noises/([^/]+)|\w\w)/([^/]+)\.wav", path)
    if not match:
        return None
    kept_at = re.search(r"_(1\d{9})\d{3}$", match[2])
    if (match[1] or "").startswith("false_activations") and (not kept_at or int(kept_at[1]) >= _LICENSED_BEFORE):
        return None
    return f"{match[1] or 'words'}-{match[2][-60:]}"


_EFFECTS = (  # impulse responses that no room gives
    "filter-|comb-|matrix|backwards|cosmic|sifter|peculiar|feedback|stretch|wildecho|backslap|noise-spreader|ambisonic|"
    "spreader50|diffusor"
)


def web_room(path: str) -> str | None:
    """Google Chrome Labs: the rooms, without the sound effects."""
    match = re.fullmatch(r"src/sounds/impulse-responses/(.+)\.wav", path)
    return match[1] if match and not re.search(_EFFECTS, match[1]) else None


def moodist(path: str) -> str | None:
    """Moodist: the sounds of places and machines, without the tones that a program made."""
    match = re.fullmatch(r"public/sounds/(animals|nature|places|rain|things|transport|urban)/(.+)\.mp3", path)
    return f"{match[1]}-{match[2]}" if match else None
