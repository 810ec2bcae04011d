"""Writes the tables of models/RESULTS.md: the figures and the cost of all models that ship.

The figures come from the cards of the models, and the areas of other seeds from seeds.py. Nothing is scored here.
"""

from pathlib import Path

from kws_app.detection.intervals import wilson_interval
from kws_app.detection.operating_curve import OperatingCurve
from kws_app.engine.catalogue import ModelEntry, find_models
from kws_app.engine.expert_file import FAMILY as EXPERT
from kws_app.engine.names import PLUS
from kws_app.engine.pairs import curve_of_pair
from training.evaluate.figures import AlarmRate, Figures, Fired, MissedShare, Misses, StreamFigures
from training.evaluate.stream_render import CONDITIONS
from training.evaluate.test_sets import WHOLE
from training.evaluate.voices import GROUPS
from training.own_word.trial import CELLS_FILE, as_table, read_cells
from training.own_word.trial_students import STUDENT_CELLS_FILE, read_student_cells, students_table
from training.ready_word.expert import ON_PEOPLE
from training.report.seeds import Seed, known_seeds, seed_range
from training.report.shipped import Shipped, base_cost, cost_of, shipped

AT = ("0.1", "0.5", "2")  # misses are stated at these rates of false alarms an hour of real speech


def results(models: Path) -> str:
    """The text of RESULTS.md. raises ValueError if a model was not scored on the test set"""
    lines = [
        "# Results",
        "",
        "`python -m training report` writes this file from the cards of the models. `training/README.md` says what the",
        "figures mean. A range in brackets holds the true value in 95 of 100 cases.",
    ]
    experts = {entry.card.keyword: entry for entry in find_models(models) if entry.card.network.get("family") == EXPERT}
    for keyword, entries in shipped(models).items():
        lines += ["", f"## {keyword}", "", "### Clips of the test set", "", *clip_table(entries, known_seeds(models))]
        lines += ["", "### Size and cost", "", *cost_table(entries)]
        lines += ["", "### Keywords in continuous speech that training never heard", "", *stream_table(entries)]
        if voices := voice_table(entries):
            lines += ["", "### Misses at the card's threshold (95 %), by the height of the voice", "", *voices]
        if pairs := pair_table(entries, experts.get(keyword)):
            lines += ["", "### Pairs: a second model confirms the first model, on the same streams", "", *pairs]
        lines += ["", "### False alarms an hour (95 %) and their count, by the kind of sound", "", *kind_table(entries)]
    if experts:
        lines += ["", "## Experts", "", *expert_table(list(experts.values()))]
    if cells := read_cells(models / CELLS_FILE):
        lines += ["", "## Words of one's own, by how many recordings were given", "", *as_table(cells)]
    if tried := read_student_cells(models / STUDENT_CELLS_FILE):
        lines += [
            "",
            "### The small models of these words, alone and confirmed by the expert",
            "",
            *students_table(tried),
        ]
        lines += ["", "`python -m training own-word-table` counts this. A range is of the draws of the recordings."]
    return "\n".join(lines) + "\n"


def expert_table(entries: list[ModelEntry]) -> list[str]:
    """The misses of experts at some rates of false alarms, on recordings and talk that they had not heard."""
    titles = [*(f"missed at <= {rate}/h" for rate in AT), "at 10 dB, <= 0.5/h"]
    rows = [
        f"| model | words | hours of talk | {' | '.join(titles)} |",
        "| --- | ---: | ---: |" + " --- |" * len(titles),
    ]
    for entry in entries:
        curve = OperatingCurve.of(entry.card)
        if curve is None:
            continue
        people = entry.card.data.get(ON_PEOPLE, {})
        by_curve = {rate: curve.at(curve.threshold_for(float(rate))).missed for rate in AT}
        missed = [
            *(people.get("missed_at", by_curve).get(rate) for rate in AT),
            people.get("missed_at_10_db", {}).get("0.5"),
        ]
        cells = ["" if n is None else share(n / curve.keywords, wilson_interval(n, curve.keywords)) for n in missed]
        rows.append(f"| {entry.name} | {curve.keywords} | {curve.hours:.1f} | {' | '.join(cells)} |")
    return [*rows, "", "Training never heard these kinds of talk. The card of each expert names them."]


def clip_table(entries: list[Shipped], seeds: list[Seed]) -> list[str]:
    rows = [
        "| model | parameters | area, lineage-equivalent (95 %, over speakers) | AUROC "
        "| area at this set's share of keywords | validation | seeds: median (range) |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for model in entries:
        card, clips = model.card, model.figures.clips
        test = clips["testing"]
        low, high = test.lineage_area_interval
        validation = f"{clips['validation'].lineage_area:.1e}" if "validation" in clips else ""
        rows.append(
            f"| {card.role} | {card.parameters:,} | **{test.lineage_area:.2e}** ({low:.1e} to {high:.1e}) "
            f"| {test.auroc:.5f} | {test.area:.1e} | {validation} | {seed_range(model.entry, seeds)} |"
        )
    test = entries[0].figures.clips["testing"]
    return [*rows, "", f"{test.positives} clips of the keyword, {test.negatives} of other words."]


def cost_table(entries: list[Shipped]) -> list[str]:
    base = base_cost()
    rows = [
        "| model | raw weights | torch.save | packed file | model file with its card | MACs for 2 s |",
        "| --- | --- | --- | --- | ---: | --- |",
    ]
    for model in entries:
        cost = cost_of(model.entry)
        pairs = ((cost.raw, base.raw), (cost.saved, base.saved), (cost.packed, base.packed))
        cells = [f"{own:,} ({of / own:.2f}x)" for own, of in pairs]
        cells += [f"{model.entry.path.stat().st_size:,}", f"{cost.macs:,} ({base.macs / cost.macs:.2f}x)"]
        rows.append(f"| {model.card.role} | {' | '.join(cells)} |")
    return [
        *rows,
        "",
        f"In brackets: how many times less than the base network, which has {base.raw:,}, {base.saved:,} and "
        f"{base.packed:,} bytes, and {base.macs:,} MACs.",
    ]


STREAM_CELLS = (
    "misses at the card's threshold (95 %)",
    "false alarms an hour of real speech (95 %)",
    "false alarms an hour of all sound",
    f"misses at no more than {', '.join(AT[:-1])} and {AT[-1]} an hour of real speech (95 %)",
    "latency, median and 95th",
)


def stream_table(entries: list[Shipped]) -> list[str]:
    rows = [f"| model | condition | {' | '.join(STREAM_CELLS)} |", "| --- | --- |" + " --- |" * len(STREAM_CELLS)]
    clean: StreamFigures | None = None
    for model in entries:
        for condition, stream in on_test_set(model.figures):
            clean = clean or stream
            rows.append(f"| {model.card.role} | {condition} | {' | '.join(stream_cells(stream))} |")
    if clean is None or clean.misses is None:
        return rows
    said = f"Each row has {clean.misses.keywords} keywords, and states its hours of real speech."
    return [*rows, "", f"{said} The conditions clean and 10 dB have {clean.alarms.hours:.1f} hours of sound in all."]


def on_test_set(figures: Figures) -> list[tuple[str, StreamFigures]]:
    """The figures on the test set by condition, in the order of CONDITIONS, however they were measured."""
    found = figures.streams.get("testing", {})
    return [(condition.name, found[condition.name]) for condition in CONDITIONS if condition.name in found]


def voice_table(entries: list[Shipped]) -> list[str]:
    """Misses by group of voices, under the conditions that have all of the hours."""
    rows = []
    for model in entries:
        for condition in WHOLE:
            stream = model.figures.streams.get("testing", {}).get(condition)
            if stream is None or stream.misses is None or not stream.misses.by_voice:
                continue
            groups = stream.misses.by_voice
            cells = [voice_cell(groups.get(name)) for name in GROUPS]
            heads = {name: groups[name].keywords for name in groups}
            rows.append(f"| {model.card.role} | {condition} | {' | '.join(cells)} |")
    if not rows:
        return []
    titles = [f"{name}: {heads[name]} keywords" if name in heads else name for name in GROUPS]
    return [f"| model | condition | {' | '.join(titles)} |", "| --- | --- |" + " --- |" * len(GROUPS), *rows]


def voice_cell(group: MissedShare | None) -> str:
    """A share with its interval, and the count."""
    return "" if group is None else f"{share(*group.share)}, {group.missed}"


def pair_table(entries: list[Shipped], expert: ModelEntry | None = None) -> list[str]:
    """The pairs that were measured on the test set, and the share of the time in which the second model listens.

    expert: of the same keyword; it may confirm the other models
    """
    confirming = [model.entry for model in entries] + ([expert] if expert else [])
    cards = {entry.card.role: entry.card for entry in confirming}
    rows = []
    for model in entries:
        for second, measured in model.figures.pairs.items():
            if second not in cards or curve_of_pair(model.card, cards[second]) is None:
                continue  # the second model has been replaced since then
            for condition, stream in on_test_set(measured):
                cells = [f"{model.card.role}{PLUS}{second}", condition, *stream_cells(stream)]
                rows.append(f"| {' | '.join([*cells, f'{stream.second_awake or 0:.1%}'])} |")
    heading = [
        f"| pair | condition | {' | '.join(STREAM_CELLS)} | the second listens |".replace("card's", "second's"),
        "| --- | --- |" + " --- |" * len(STREAM_CELLS) + " ---: |",
    ]
    return heading + rows if rows else []


def kind_table(entries: list[Shipped]) -> list[str]:
    """False alarms in each kind of sound, on the clean streams."""
    streams = [(m.card.role, s["clean"]) for m in entries if (s := m.figures.streams.get("testing"))]
    if not streams:
        return []
    hours = {name: kind.rate.hours for _, stream in streams for name, kind in stream.kinds.items()}
    rows = [f"| | hours | {' | '.join(role for role, _ in streams)} |", "| --- | ---: |" + " --- |" * len(streams)]
    for name, heard in hours.items():
        kinds = [stream.kinds.get(name) for _, stream in streams]
        cells = ["" if kind is None else alarm_cell(kind.rate) for kind in kinds]
        rows.append(f"| {name} | {heard:.2f} | {' | '.join(cells)} |")
    in_all = [alarm_cell(stream.alarms) for _, stream in streams]
    rows.append(f"| **all** | {streams[0][1].alarms.hours:.2f} | {' | '.join(in_all)} |")
    said = [f"{m.card.role} {sentence_text(m.figures.sentences)}" for m in entries if m.figures.sentences]
    apart = f"Detections in recordings that are neither hits nor alarms: {'; '.join(said)}."
    return [*rows, *(["", apart] if said else [])]


def alarm_cell(rate: AlarmRate) -> str:
    """A rate with its interval, and the count."""
    if rate.fa_per_hour is None or rate.interval is None:
        return ""
    return f"{rate.fa_per_hour:.2f} ({rate.interval.low:.2f} to {rate.interval.high:.2f}), {rate.false_alarms}"


def sentence_text(sentences: dict[str, Fired]) -> str:
    return ", ".join(f"{row.fired} of {row.recordings} ({name})" for name, row in sentences.items())


def stream_cells(stream: StreamFigures) -> list[str]:
    """The cells of a row: misses, alarms with their hours, alarms in all sound, misses at given alarms, latency."""
    misses, speech = stream.misses, stream.speech
    heard = f"{alarm_cell(speech)} in {speech.hours:.1f} h" if speech.fa_per_hour is not None else ""
    in_all = "" if stream.alarms.fa_per_hour is None else f"{stream.alarms.fa_per_hour:.2f}"
    if misses is None:
        return ["", heard, in_all, "", ""]
    latency = (
        ""
        if misses.latency_median_s is None or misses.latency_95th_s is None
        else f"{1000 * misses.latency_median_s:.0f} ms, {1000 * misses.latency_95th_s:.0f} ms"
    )
    return [share(misses.frr, misses.interval), heard, in_all, misses_at(misses), latency]


def misses_at(misses: Misses) -> str:
    """The misses at each rate in AT. A card of an earlier version lacks some of them."""
    cells = []
    for rate in AT:
        found = misses.at(rate)
        known = "none" if rate in misses.frr_at_fa_per_hour else "not measured"
        cells.append(known if found is None else share(*found))
    return "; ".join(cells)


def share(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.1%} ({interval[0]:.1%} to {interval[1]:.1%})"
