"""The actions that the user chose for a keyword, as checked values for the settings."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from kws_app.actions.media_key import MediaKey
from kws_app.translation import _

MOST_ARGUMENTS = 100
MOST_CHARACTERS = 4096  # in an argument or an address
LONGEST_S = 600.0  # the highest time limit of a command


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS or "\0" in value:
        raise ValueError(
            _(
                "{what} must be text of at most {most} characters, got {value!r}",
                what=what,
                most=MOST_CHARACTERS,
                value=str(value)[:80],
            )
        )
    return value


def _arguments(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_ARGUMENTS:
        raise ValueError(_("a command must be a list of at most {most} arguments", most=MOST_ARGUMENTS))
    return tuple(_text(each, _("an argument")) for each in value)


def _switch(value: object, what: str) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{what} must be true or false, got {value!r}")


@dataclass(frozen=True)
class CommandChoice:
    """A command of the user and its time limit. Arguments may hold placeholders such as {keyword}. No shell runs it."""

    on: bool = False
    arguments: tuple[str, ...] = ()  # the first is the program
    limit_s: float = 10.0  # after this time the command, and all programs that it started, are ended

    def __post_init__(self) -> None:
        _switch(self.on, "the command's switch")
        object.__setattr__(self, "arguments", _arguments(self.arguments))
        if isinstance(self.limit_s, bool) or not isinstance(self.limit_s, int | float):
            raise ValueError(f"the command's time limit must be a number, got {self.limit_s!r}")
        if not 0.1 <= self.limit_s <= LONGEST_S:
            raise ValueError(f"the command's time limit must be from 0.1 to {LONGEST_S:g} s, got {self.limit_s}")


@dataclass(frozen=True)
class ProgramChoice:
    """A program that is opened and stays open. Its arguments may contain placeholders. No shell reads them."""

    on: bool = False
    arguments: tuple[str, ...] = ()  # the first is the program

    def __post_init__(self) -> None:
        _switch(self.on, "the program's switch")
        object.__setattr__(self, "arguments", _arguments(self.arguments))


@dataclass(frozen=True)
class MediaKeyChoice:
    """A media key for the music or film that plays."""

    on: bool = False
    key: MediaKey = MediaKey.PLAY_PAUSE

    def __post_init__(self) -> None:
        _switch(self.on, "the media key's switch")
        object.__setattr__(self, "key", MediaKey(self.key))  # raises ValueError for an unknown name


@dataclass(frozen=True)
class WebhookChoice:
    """An address to which each detection is sent by HTTP POST."""

    on: bool = False
    url: str = ""

    def __post_init__(self) -> None:
        _switch(self.on, "the web hook's switch")
        _text(self.url, _("the web hook's address"))


@dataclass(frozen=True)
class KeywordActions:
    """The actions of a keyword; none by default."""

    sound: bool = False
    notification: bool = False
    command: CommandChoice = field(default_factory=CommandChoice)
    webhook: WebhookChoice = field(default_factory=WebhookChoice)
    program: ProgramChoice = field(default_factory=ProgramChoice)
    media_key: MediaKeyChoice = field(default_factory=MediaKeyChoice)

    @property
    def any_on(self) -> bool:
        """Whether any action is switched on."""
        kinds = (self.program, self.media_key, self.command, self.webhook)
        return self.sound or self.notification or any(kind.on for kind in kinds)

    def __post_init__(self) -> None:
        _switch(self.sound, "the sound's switch")
        _switch(self.notification, "the notification's switch")

    @classmethod
    def from_dict(cls, raw: object) -> "KeywordActions":
        """Actions from JSON. Unknown fields are ignored. raises ValueError on values that cannot be used"""
        known = _known(cls, raw)
        kinds: dict[str, type] = {
            "command": CommandChoice,
            "webhook": WebhookChoice,
            "program": ProgramChoice,
            "media_key": MediaKeyChoice,
        }
        for name in kinds.keys() & known.keys():
            known[name] = kinds[name](**_known(kinds[name], known[name]))
        return cls(**known)

    def to_dict(self) -> dict[str, Any]:
        """These actions as values that JSON can hold."""
        raw = asdict(self)
        raw["command"]["arguments"] = list(self.command.arguments)
        raw["program"]["arguments"] = list(self.program.arguments)
        raw["media_key"]["key"] = self.media_key.key.value
        return raw


def _known(kind: type, raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"actions must be an object, got {str(raw)[:80]!r}")
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in raw.items() if name in names}


def url_fault(url: str) -> str:
    """Why an address cannot be used, in one sentence; empty if it can be used."""
    if not url:
        return _("Give the web hook's address, such as http://homeassistant.local:8123/api/webhook/NAME.")
    if not url.isascii() or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        return _(
            "The address {url!r} contains a space or another character that is not allowed: write it as %XX.", url=url
        )
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError on a bad port
    except ValueError as error:
        return _("{url} is not an address ({error}).", url=url, error=error)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return _("{url} is not a web address: it must begin with http:// or https:// and name a machine.", url=url)
    if parts.username is not None:
        return _("A name or password in the web hook's address is not sent: remove the part before the @.")
    return ""
