"""The lines of the log: every line is read or refused, and ids are safe file names."""

import contextlib
import json
from dataclasses import fields, replace

from hypothesis import given
from hypothesis import strategies as st

from kws_app.history.facts import DetectionRecord, clip_name, is_clip_name, new_id, now_iso, parse


def record(time_s: float = 1.5) -> DetectionRecord:
    return DetectionRecord(now_iso(), None, "USB mic", "happy", "happy/teacher", time_s, 0.93)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_line_is_understood_or_refused(line: bytes):
    with contextlib.suppress(ValueError):
        parse(line.decode(errors="replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


@given(st.sampled_from(["event", *(f.name for f in fields(DetectionRecord))]), JSON)
def test_a_record_with_any_value_in_it_is_understood_or_refused(name: str, value: object):
    line = json.dumps({**json.loads(record().to_json()), name: value})
    try:
        entry = parse(line)
    except ValueError:
        return
    if isinstance(entry, DetectionRecord):
        assert parse(entry.to_json()) == entry
        assert entry.clip is None or is_clip_name(entry.clip) or "/" not in entry.clip


def test_an_id_that_would_lead_out_of_the_folder_is_none():
    entry = parse(replace(record(), id="../../x", clip="../../x.flac").to_json())
    assert isinstance(entry, DetectionRecord) and entry.id == "" and entry.clip is None


def test_ids_sort_as_they_were_made_and_name_clips():
    ids = [new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert [id[:21] for id in ids] == sorted(id[:21] for id in ids)
    assert all(is_clip_name(clip_name(id)) for id in ids)


def test_a_line_without_an_id_has_always_the_same_key():
    line = record().to_json()
    first, second = DetectionRecord.from_json(line), DetectionRecord.from_json(line)
    assert first.id == "" and first.key == second.key != record(9.0).key
