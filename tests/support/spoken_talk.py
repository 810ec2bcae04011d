"""A little talk as embeddings, which espeak-ng speaks: for tests that train a word."""

from kws_app.engine.speech_body import BODY_SHA256, load_body
from training.corpus.synthetic_speech import passages
from training.network.speech_embedding import WholeStreams
from training.own_word.gather_talk import as_stream, embeddings_of
from training.own_word.talk_embeddings import Talk, TalkStream, talk_of


def spoken_talk(count: int) -> Talk:
    """A stream of `count` passages for training, and another for validation."""
    body = WholeStreams(load_body(BODY_SHA256))
    streams = []
    for split in ("training", "validation"):
        said = passages(split, "zebra", 0)
        streams.append(TalkStream(split, split, embeddings_of(as_stream([next(said)[1] for _ in range(count)]), body)))
    return talk_of(streams)
