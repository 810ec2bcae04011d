"""python -m training.describe_word WORD: how a word sounds, whether it is a good wake word, which voices can say it.

The window runs this as a child process while the user types, so it imports no torch. With --json each answer is an
object on a line of its own, the quick answers first.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from kws_app.paths import default_data_dir
from training.corpus.pronunciations import Pronunciation, pronunciations_of
from training.corpus.synthetic_speech import write_sound
from training.corpus.voice_engines import UnsayableError, find_engines, missing_engines
from training.corpus.word_advice import advise

Answer = dict[str, object]


def describe_word(word: str, language: str, cache: Path, sample: Path | None = None) -> Iterator[Answer]:
    """Yield what is known of the word: pronunciations, voices, a sample, advice.

    sample: a WAV file to write, in which the best voice says the word
    raises ValueError with a sentence if the text cannot be a wake word, OSError if espeak-ng is missing
    """
    ways = pronunciations_of(word, language)
    said = [{"ipa": way.ipa, "accent": way.accent, "description": way.description} for way in ways]
    yield {"word": ways[0].text, "pronunciations": said}
    engines = find_engines()
    voices = [{"engine": e.name, "voices": len(e.voices(language)), "licence": e.licence} for e in engines]
    yield {"voices": voices, "missing": missing_engines()}
    if sample is not None:
        yield _say(ways, language, sample)
    advice = advise(ways, language, cache)
    yield {
        "verdict": advice.verdict,
        "sentences": list(advice.sentences),
        "syllables": advice.syllables,
        "per_hour": advice.per_hour,
        "near": [sound.pronunciation.text for sound in advice.near],
    }


def _say(ways: list[Pronunciation], language: str, sample: Path) -> Answer:
    """Write the first pronunciation, said by the first voice that can say it."""
    for engine in find_engines():
        for voice in engine.voices(language)[:1]:
            try:
                write_sound(sample, engine.say(ways[0], voice, 1.0))
            except UnsayableError:
                continue
            return {"sample": str(sample), "engine": engine.name, "voice": voice}
    return {"sample": None}


def as_text(answer: Answer) -> str:
    """The answer for a person to read."""
    lines: list[str] = []
    for way in _rows(answer, "pronunciations"):
        lines.append(f"{way['ipa']}  ({way['description']})")
    for voice in _rows(answer, "voices"):
        lines.append(f"{voice['engine']}: {voice['voices']} voices, licence {voice['licence']}")
    missing = answer.get("missing")
    if isinstance(missing, dict):
        lines += [f"{name} is not here. {sentence}" for name, sentence in missing.items()]
    if answer.get("sample"):
        lines.append(f"{answer['sample']}: said by {answer['engine']}, voice {answer['voice']}")
    sentences = answer.get("sentences")
    if isinstance(sentences, list):
        lines += [str(sentence) for sentence in sentences]
    return "\n".join(lines)


def _rows(answer: Answer, name: str) -> list[dict[str, object]]:
    rows = answer.get(name)
    return rows if isinstance(rows, list) else []


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0, or 2 after bad input, which one sentence explains."""
    parser = argparse.ArgumentParser(prog="python -m training.describe_word", description=__doc__.splitlines()[0])
    parser.add_argument("word", metavar="WORD")
    parser.add_argument("--language", default="en", metavar="CODE", help="of the word; default: %(default)s")
    parser.add_argument("--say", type=Path, metavar="FILE", help="write a WAV file in which a voice says the word")
    parser.add_argument("--json", action="store_true", help="print each answer as a JSON object on a line")
    options = parser.parse_args(arguments)
    cache = default_data_dir() / "word-lists"
    try:
        for answer in describe_word(options.word, options.language, cache, options.say):
            text = json.dumps(answer, ensure_ascii=False) if options.json else as_text(answer)
            if text:
                print(text, flush=True)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
