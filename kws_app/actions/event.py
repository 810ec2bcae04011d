"""The detection as an action sees it, and how it fills placeholders and environment variables."""

import re
from dataclasses import asdict, dataclass

_PLACEHOLDER = re.compile(r"\{(keyword|model|score|time|wall_time|source)\}")


@dataclass(frozen=True)
class DetectionEvent:
    """A detection, or one made up to try an action out. Texts may come from a stranger's model card or file name."""

    keyword: str
    model: str
    score: float
    time_s: float  # in the source's own audio
    wall_time: str  # ISO 8601
    source: str = ""  # the microphone's name, or the file's path
    id: str = ""  # of the detection in the log; empty for a trial. Actions are not told of it

    @property
    def values(self) -> dict[str, str]:
        """By placeholder. No operating system passes on a NUL, so none is kept."""
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
        """The template with each placeholder replaced once; other braces, and those in values, stay as they are."""
        values = self.values
        return _PLACEHOLDER.sub(lambda match: values[match[1]], template)

    @property
    def environment(self) -> dict[str, str]:
        """KWS_KEYWORD and so on: for programs that should not take a value for an option."""
        return {f"KWS_{name.upper()}": value for name, value in self.values.items()}

    def to_json(self) -> dict[str, str | float]:
        """What a web hook is told: not from which microphone or file, which are nobody's business."""
        told = asdict(self)
        del told["source"], told["id"]
        return told
