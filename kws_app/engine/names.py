"""What models are called: keyword/role, and keyword/role+role for a pair. No other file takes a name to pieces."""

import re
import unicodedata
from dataclasses import dataclass

PLUS = "+"  # in the name of a pair of models, and in no model's own
LONGEST_NAME = 41  # characters of a keyword or a role
# Letters and digits of any script, with spaces, hyphens, underscores and apostrophes between them. So a name is one
# part of a path on every system: no surrogates, no control characters, no dots, slashes or colons.
_WORD = re.compile(rf"[^\W_](?:[\w '’-]{{0,{LONGEST_NAME - 2}}}[\w])?")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}  # on Windows


def is_name(word: object) -> bool:
    """Whether a word can be a keyword or a role, which are also the names of a folder and of a file in it."""
    return (
        isinstance(word, str)
        and _WORD.fullmatch(word) is not None
        and word.isprintable()
        and unicodedata.is_normalized("NFC", word)
        and word.lower() not in _DEVICES
    )


@dataclass(frozen=True)
class ModelName:
    """A model, or a pair: the model of `role` listens all the time, that of `confirmed_by` decides."""

    keyword: str
    role: str
    confirmed_by: str = ""  # the role of the second model; empty for a single model

    def __post_init__(self) -> None:
        for word in (self.keyword, self.role, *([self.confirmed_by] if self.confirmed_by else [])):
            if not is_name(word):
                raise ValueError(f"{word!r:.60} is no name for a keyword or a role")

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """raises ValueError on what is neither keyword/role nor keyword/role+role"""
        keyword, slash, roles = text.partition("/")
        role, plus, second = roles.partition(PLUS)
        if not slash or (plus and not second):
            raise ValueError(f"{text!r:.100} is no name of a model, such as happy/teacher")
        return cls(keyword, role, second)

    def __str__(self) -> str:
        return f"{self.keyword}/{self.role}" + (f"{PLUS}{self.confirmed_by}" if self.confirmed_by else "")

    @property
    def first(self) -> "ModelName":
        """The model that listens all the time."""
        return ModelName(self.keyword, self.role)

    @property
    def second(self) -> "ModelName | None":
        """The model that confirms; None for a single model."""
        return ModelName(self.keyword, self.confirmed_by) if self.confirmed_by else None

    def with_second(self, role: str) -> "ModelName":
        """The pair in which the model of another role confirms this one."""
        return ModelName(self.keyword, self.role, role)


def keyword_of(name: str) -> str:
    """The keyword in a model's name. Of a text that is no name, as settings may hold: what is before the slash."""
    return name.partition("/")[0]
