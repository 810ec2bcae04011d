"""The public sources of audio: what each holds, its licence, its origin. public_audio.py says how files are named."""

from training.corpus.public_audio import (
    PublicSource,
    Texts,
    community_noise,
    community_word,
    learner,
    learner_texts,
    matching,
    moodist,
    table_of_texts,
    text_beside,
    web_room,
    words_of_licences,
)


def _reader(name: str, language: str, code: str, files: str, new_name: str, texts: Texts, size_mb: int) -> PublicSource:
    """A person who reads a book for the voices of Rhasspy. files: a pattern; new_name: its template"""
    return PublicSource(
        name=name,
        kind="talk",
        folder=f"more_talk/{name}_{code}",
        licence="CC0 1.0",
        about=f"one reader, {language}",
        place=matching(files, new_name),
        repository=f"rhasspy/dataset-voice-{name}",
        beside=f"more_speech/{name}_{code}",
        texts=texts,
        text_files=r"data/arctic_\w+\.txt" if name == "kathleen" else r"metadata\.csv",
        size_mb=size_mb,
    )


def _dialogue(language: str, code: str, size_mb: int) -> PublicSource:
    """The actors of the game Fish Fillets in one language."""
    return PublicSource(
        name=f"{language.lower()}-dialogue",
        kind="talk",
        folder=f"more_talk/fillets_{code}",
        licence="GPL-2",
        about=f"acted dialogue of a game, {language}",
        place=matching(rf"usr/share/games/fillets-ng/sound/(?:share/)?([\w-]+)/{code}/(.+)\.ogg", r"\1-\2"),
        packages=(f"fillets-ng-data-{code}",),
        size_mb=size_mb,
    )


def _game_music(game: str, licence: str, about: str, files: str, package: str, size_mb: int) -> PublicSource:
    """The music of a game, out of a Debian package. files: a pattern below the folder of games"""
    return PublicSource(
        name=f"music-{game}",
        kind="music",
        folder=f"more_music/{game}",
        licence=licence,
        about=about,
        place=matching(rf"usr/share/games/{files}/(.+)\.ogg", r"\1"),
        packages=(package,),
        size_mb=size_mb,
    )


_VERIFIED = r"verified/(.+)\.flac"
TALK = (
    PublicSource(
        name="english-learners",
        kind="talk",
        folder="more_talk/english_learners",
        licence="free for commercial and other use, as its authors say",
        about="speechocean762: learners of English, children and adults, 250 speakers, short read sentences",
        place=learner,
        repository="jimbozhang/speechocean762",
        beside="more_speech/english_learners",
        texts=learner_texts,
        text_files="(test|train)/text",
        size_mb=600,
    ),
    _reader(
        "kathleen",
        "American English",
        "en",
        r"data/(arctic_\w+)\.wav",
        r"kathleen-\1",
        text_beside("kathleen-"),
        900,
    ),
    _reader("kerstin", "German", "de", _VERIFIED, r"kerstin-\1", table_of_texts("kerstin-"), 350),
    _reader("nathalie", "Dutch", "nl", _VERIFIED, r"nathalie-verified_\1", table_of_texts("nathalie-verified_"), 140),
    _dialogue("Czech", "cs", 39),
    _dialogue("Dutch", "nl", 33),
    PublicSource(
        name="telephone-prompts",
        kind="talk",
        folder="more_talk/telephone",
        licence="CC BY-SA 3.0",
        about="the announcements of a telephone exchange in English, Spanish, French, Italian and Russian, 8 kHz",
        place=matching(r"usr/share/asterisk/sounds/(\w\w)_.+/(?:wav/)?([\w./-]+)\.wav", r"\1-\2"),
        packages=tuple(f"asterisk-core-sounds-{language}-wav" for language in ("en", "es", "fr", "it", "ru")),
        size_mb=98,
    ),
    PublicSource(
        name="gcompris",
        kind="talk",
        folder="more_talk/gcompris",
        licence="GPL, CC BY-SA or public domain, by file",
        about="volunteers who speak for a program for children in 43 languages: words, letters, sentences",
        place=matching(r"(?!en/intro)(\w+)/(\w+)/(?:\w+/)?(.+)\.ogg", r"\1-\2-\3"),  # nobody wrote down en/intro
        repository="gcompris/GCompris-voices",
        texts=words_of_licences,
        text_files="LICENSE",
        size_mb=280,
    ),
    PublicSource(
        name="tuxpaint",
        kind="talk",
        folder="more_talk/tuxpaint",
        licence="GPL-2",
        about="volunteers who name the stamps of a painting program in 13 languages",
        place=matching(r"usr/share/tuxpaint/stamps/(?:.+/)?([^/]+)_desc_(\w+)\.(?:ogg|wav)", r"\2-\1"),
        packages=("tuxpaint-stamps-default",),
        size_mb=161,
    ),
    PublicSource(
        name="kde-voices",
        kind="talk",
        folder="talk_apart/kde",  # neither trains nor tests: `evaluate --talk` shows what a threshold gives elsewhere
        licence="GPL-2",
        about="volunteers who name letters, syllables and things in 30 languages, for two programs of KDE",
        place=matching(r"usr/share/(?:klettres|ktuberling/sounds)/([\w@]+)/(.+)\.(?:ogg|wav|opus)", r"\1-\2"),
        packages=("klettres-data", "ktuberling-data"),
        size_mb=86,
    ),
)
WORDS = (
    PublicSource(
        name="arabic-commands",
        kind="words",
        folder="more_words/arabic_commands",
        licence="CC BY 4.0",
        about="40 command words, 30 speakers, 12,000 clips of a second",
        place=matching(r"dataset/([^/]+)/(\d+)_NO_(\d+)\.wav", r"\2-\1-\3"),
        repository="abdulkaderghandoura/arabic-speech-commands-dataset",
        size_mb=300,
    ),
    PublicSource(
        name="odd-words",
        kind="words",
        folder="more_words/odd_words",
        licence="CC BY 4.0",
        about="530 clips of odd words and short phrases",
        place=matching(r"custom_keywords/([^/]+)/(.+)\.wav", r"\1-\2"),
        repository="ShawnHymel/custom-speech-commands-dataset",
        size_mb=100,
    ),
    PublicSource(
        name="community-wake-words",
        kind="wake words",
        folder="more_wake_words",
        licence="public domain",
        about="wake words that people gave: computer, hey computer, and others",
        place=community_word,
        repository="OpenVoiceOS/ovos-ww-community-dataset",
        licence_lists="licenses/",
        size_mb=300,
    ),
)
NOISES = (
    PublicSource(
        name="community-noises",
        kind="noise",
        folder="more_noise/community",
        licence="public domain",
        about="noises and false alarms that people gave",
        place=community_noise,
        repository="OpenVoiceOS/ovos-ww-community-dataset",
        licence_lists="licenses/",
        size_mb=300,
    ),
    PublicSource(
        name="moodist",
        kind="noise",
        folder="more_noise/moodist",
        licence="Pixabay content licence or CC0, by file",
        about="cafes, offices, streets, rain, wind, machines",
        place=moodist,
        repository="remvze/moodist",
        size_mb=120,
    ),
    PublicSource(
        name="blanket",
        kind="noise",
        folder="more_noise/blanket",
        licence="CC0, public domain, CC BY or CC BY-SA, by file",
        about="cafe, city, train, rain, wind",
        place=matching(r"data/resources/sounds/(?!pink|white)(.+)\.ogg", r"\1"),
        repository="rafaelmardojai/blanket",
        size_mb=20,
    ),
)
MUSIC = (
    _game_music("wesnoth", "GPL-2", "orchestral music of a game", r"wesnoth/.+/music", "wesnoth-1.16-music", 153),
    _game_music(
        "hedgewars",
        "GPL-2, GFDL 1.3 or CC BY, by file",
        "music of a game",
        "hedgewars/Data/Music",
        "hedgewars-data",
        145,
    ),
    _game_music(
        "singularity", "CC BY-SA 3.0", "electronic music of a game", "singularity/music", "singularity-music", 52
    ),
)
ROOMS = (
    PublicSource(
        name="rooms-voxengo",
        kind="rooms",
        folder="more_rooms/voxengo",
        licence="free for any purpose, as its authors say",
        about="impulse responses of halls and rooms",
        place=matching(r"IR/Voxengo/samples/(?!deep_space|on_a_star|rays|direct_cabinet)(.+)\.wav", r"\1"),
        repository="oramics/sampled",
        size_mb=180,
    ),
    PublicSource(
        name="rooms-web-audio",
        kind="rooms",
        folder="more_rooms/web_audio",
        licence="Apache-2.0",
        about="impulse responses of rooms",
        place=web_room,
        repository="GoogleChromeLabs/web-audio-samples",
        size_mb=70,
    ),
)
SOURCES = (*TALK, *WORDS, *NOISES, *MUSIC, *ROOMS)


def source_named(name: str) -> PublicSource:
    """The source with this name. raises ValueError, with all names, if there is no such source"""
    for source in SOURCES:
        if source.name == name:
            return source
    raise ValueError(f"There is no audio source '{name}'. The sources are: {', '.join(s.name for s in SOURCES)}.")
