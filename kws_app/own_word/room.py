"""Records the sound of the user's room, cuts it into pieces, and saves them as files. No Qt."""

from pathlib import Path

import numpy as np
import soundfile

from kws_app.atomic_file import UNFINISHED
from kws_app.audio.resample import StreamResampler, sane
from kws_app.audio.ring import Samples
from kws_app.audio.source import Feed
from kws_app.engine.frontend_config import SAMPLE_RATE
from kws_app.errors import AudioError
from kws_app.translation import _

ROOM_S = 120.0  # length of a whole recording
LEAST_ROOM_S = 10.0  # shortest recording that is useful
PIECE_S = 3.0  # length of a piece; a training takes short sounds
QUIETEST = 10 ** (-60 / 20)  # lowest root mean square of a piece that is saved; silence causes no false alarm
ROOM_NAME = "room-{:02}.flac"


class RoomRecorder:
    """Records the room from a feed. On one thread; call `look` a few times a second."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._reader = feed.ring.reader()
        self._resampler = StreamResampler(feed.rate_hz)
        self._pieces: list[Samples] = []
        self._heard = 0  # samples at 16 kHz

    @property
    def seconds(self) -> float:
        """Recorded so far."""
        return self._heard / SAMPLE_RATE

    @property
    def over(self) -> bool:
        """Whether it is enough."""
        return self.seconds >= ROOM_S

    @property
    def samples(self) -> Samples:
        """All that was recorded: [N] float32 at 16 kHz."""
        return np.concatenate([*self._pieces, np.zeros(0, dtype=np.float32)])

    def look(self) -> Samples:
        """Take in what arrived since the last call; returns it at 16 kHz. Sound that was lost is passed over."""
        samples = self._resampler.process(sane(self._reader.read(self.feed.rate_hz).samples))
        self._pieces.append(samples)
        self._heard += len(samples)
        return samples


def save_room(samples: Samples, folder: Path) -> int:
    """Write a recording of the room as pieces, in place of the room that was kept; returns how many are not silent.

    samples: [N] float32 at 16 kHz
    raises AudioError, in one sentence, if the disk refuses
    """
    length = round(PIECE_S * SAMPLE_RATE)
    whole = [samples[first : first + length] for first in range(0, len(samples) - length + 1, length)]
    heard = [piece for piece in whole if float(np.sqrt(np.square(piece, dtype=np.float64).mean())) >= QUIETEST]
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in folder.glob(ROOM_NAME.replace("{:02}", "*")):
            path.unlink()
        for number, piece in enumerate(heard, start=1):
            path = folder / ROOM_NAME.format(number)
            part = folder / f"{UNFINISHED}{path.name}"
            soundfile.write(str(part), piece, SAMPLE_RATE, format="FLAC", subtype="PCM_16")
            part.replace(path)
    except (OSError, soundfile.SoundFileError) as error:
        raise AudioError(
            _(
                "The sound of the room cannot be kept in {folder} ({error}): free some space.",
                folder=folder,
                error=error,
            )
        ) from error
    return len(heard)
