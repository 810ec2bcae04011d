"""A detection for the actions: the values of placeholders and environment variables."""

import re
from dataclasses import asdict, dataclass

_PLACEHOLDER = re.compile(r"\{(keyword|model|score|time|wall_time|source)\}")


@dataclass(frozen=True)
class DetectionEvent:
    """A detection, or an invented detection to try an action. Its texts may come from a foreign card or file name."""

    keyword: str
    model: str
    score: float
    time_s: float  # seconds from the start of the source
    wall_time: str  # ISO 8601
    source: str = ""  # the microphone's name, or the file's path
    id: str = ""  # of the detection in the log; empty for a trial. Actions do not get it

    @property
    def values(self) -> dict[str, str]:
        """The value of each placeholder, without NUL characters, which no system passes to a program."""
        values = {
            "keyword": self.keyword,
            "model": self.model,
            "score": f"{self.score:.4f}",
            "time": f"{self.time_s:.3f}",
            "wall_time": self.wall_time,
            "source": self.source,
        }
        return {name: value.replace("\0", "") for name, value in values.items()}

    def fill(self, template: str) -> str:
        """The template with filled placeholders. Other braces stay as they are, even inside a value."""
        values = self.values
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)

    @property
    def environment(self) -> dict[str, str]:
        """The same values as variables KWS_KEYWORD and so on. A variable never counts as an option."""
        return {f"KWS_{name.upper()}": value for name, value in self.values.items()}

    def to_json(self) -> dict[str, str | float]:
        """The values for a web hook. The microphone and the file are private and left out."""
        told = asdict(self)
        del told["source"], told["id"]
        return told
