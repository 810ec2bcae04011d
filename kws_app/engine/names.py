"""Names of models: keyword/role, and keyword/role+role for a pair. Only this file splits a name."""

import re
import unicodedata
from dataclasses import dataclass

PLUS = "+"  # stands between the two roles of a pair, and in no other name
LONGEST_NAME = 41  # characters of a keyword or a role
# Letters and digits of any script, with spaces, hyphens, underscores and apostrophes between them. So a name is one
# part of a path on every system: no surrogates, no control characters, no dots, slashes or colons.
_WORD = re.compile(rf"[^\W_](?:[\w '’-]{{0,{LONGEST_NAME - 2}}}[\w])?")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}  # on Windows


def written(keyword: str) -> str:
    """A keyword as people write it: in the name of a folder, an underscore stands for a space."""
    return keyword.replace("_", " ")


def is_name(word: object) -> bool:
    """Whether a word can be a keyword (also the name of a folder) or a role (also the name of a file)."""
    return (
        isinstance(word, str)
        and _WORD.fullmatch(word) is not None
        and word.isprintable()
        and unicodedata.is_normalized("NFC", word)
        and word.lower() not in _DEVICES
    )


@dataclass(frozen=True)
class ModelName:
    """A model or a pair of models. In a pair, `role` listens all the time and `confirmed_by` decides."""

    keyword: str
    role: str
    confirmed_by: str = ""  # the role of the second model; empty for a single model

    def __post_init__(self) -> None:
        for word in (self.keyword, self.role, *([self.confirmed_by] if self.confirmed_by else [])):
            if not is_name(word):
                raise ValueError(f"{word!r:.60} is no name for a keyword or a role")

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """raises ValueError unless the text is keyword/role or keyword/role+role"""
        keyword, slash, roles = text.partition("/")
        role, plus, second = roles.partition(PLUS)
        if not slash or (plus and not second):
            raise ValueError(f"{text!r:.100} is no name of a model, such as happy/teacher")
        return cls(keyword, role, second)

    def __str__(self) -> str:
        return f"{self.keyword}/{self.roles}"

    @property
    def roles(self) -> str:
        """The name without the keyword, such as student+teacher."""
        return f"{self.role}{PLUS}{self.confirmed_by}" if self.confirmed_by else self.role

    @property
    def first(self) -> "ModelName":
        """The model that listens all the time."""
        return ModelName(self.keyword, self.role)

    @property
    def second(self) -> "ModelName | None":
        """The model that confirms; None for a single model."""
        return ModelName(self.keyword, self.confirmed_by) if self.confirmed_by else None


def keyword_of(name: str) -> str:
    """The keyword in a model's name. For any other text, which settings may hold: the part before the slash."""
    return name.partition("/")[0]


def first_of(name: str) -> str:
    """The name of the model that listens all the time: the first model of a pair, or the single model."""
    return str(ModelName.parse(name).first)


def second_of(name: str) -> str:
    """The name of the model that confirms; empty for a single model."""
    return str(ModelName.parse(name).second or "")


def models_of(name: str) -> list[str]:
    """The names of the models of a pair, the first model first; for a single model, its name."""
    return [first_of(name), *filter(None, [second_of(name)])]


def pair_of(first: str, second: str) -> str:
    """The name of the pair in which `second` confirms `first`. Without a second model: `first`."""
    name = ModelName.parse(first)
    return str(ModelName(name.keyword, name.role, ModelName.parse(second).role)) if second else first
