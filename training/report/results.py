"""The report: what ships, as it was scored, with what it costs.

Reads the figures that evaluate put into the cards of the shipped artifacts, and the areas of other seeds, and makes
models/RESULTS.md of them. Nothing is scored here.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_app.engine.card import PAIRS_FIELD, PLUS
from kws_app.engine.catalogue import ModelEntry, find_models
from kws_app.engine.pairs import curve_of_pair
from training.export.artifact import PACKED_SUFFIX, load_packed_crnn
from training.network.costs import count_macs
from training.network.crnn import Crnn
from training.network.dynamic_int8 import quantise_dynamic, raw_bytes, saved_bytes
from training.network.packed_file import float_packed_bytes, grid_state
from training.recipes import RECIPES
from training.report.seeds import Seed, known_seeds, seed_range

ORDER = ("teacher", "student", "quantized", "tiny", "micro")  # then whatever else there is


@dataclass(frozen=True)
class Cost:
    """Bytes, container and all or without, and multiply-accumulates for two seconds."""

    raw: int  # weights alone
    saved: int  # torch.save of the state dict, quantised where the network is: how the lineage counted
    packed: int  # a safetensors file from which the artifact is rebuilt
    macs: int


def cost_of(entry: ModelEntry) -> Cost:
    """What an artifact costs; its packed weights lie beside it."""
    packed = entry.path.with_suffix(PACKED_SUFFIX)
    crnn, recipe = load_packed_crnn(packed)
    bits, part = recipe["run"]["train"]["weight_bits"], recipe["identity"]["part"]
    saved = saved_bytes(grid_state(crnn, bits) if bits else quantise_dynamic(crnn, part).state_dict())
    return Cost(entry.card.weight_bytes, saved, packed.stat().st_size, entry.card.macs)


def base_cost() -> Cost:
    """The lineage's base network, h = 32, in single precision: what all ratios are against."""
    shape = RECIPES["teacher"].crnn
    crnn = Crnn(shape)
    return Cost(raw_bytes(crnn), saved_bytes(crnn.state_dict()), float_packed_bytes(crnn), count_macs(shape))


def shipped(models: Path, keyword: str) -> list[ModelEntry]:
    """The keyword's artifacts in the order of ORDER."""
    entries = [entry for entry in find_models(models) if entry.card.keyword == keyword]
    return sorted(entries, key=lambda e: (ORDER.index(e.card.role) if e.card.role in ORDER else len(ORDER), e.name))


def results(models: Path) -> str:
    """RESULTS.md of what ships.

    raises ValueError if an artifact has not been scored on the test set
    """
    lines = [
        "# Results",
        "",
        "Made by `python -m training report` from the cards of the artifacts; see training/README.md.",
    ]
    for keyword in sorted({entry.card.keyword for entry in find_models(models)}):
        entries = shipped(models, keyword)
        for entry in entries:
            if "testing" not in entry.card.figures.get("clips", {}):
                raise ValueError(
                    f"{entry.name} has not been scored; run python -m training evaluate --model {entry.name} "
                    "--split all --stream --conditions all --write-card"
                )
        lines += ["", f"## {keyword}", "", "### Clips of the test set", "", *clip_table(entries, known_seeds(models))]
        lines += ["", "### Size and cost, and how many times less than the base network's", "", *cost_table(entries)]
        lines += ["", "### Continuous audio: held-out keywords laid into held-out speech", "", *stream_table(entries)]
        if pairs := pair_table(entries):
            lines += ["", "### One model confirmed by another, on the same streams", "", *pairs]
        lines += ["", "### False alarms an hour by what is heard (95 %), and how many", "", *kind_table(entries)]
    return "\n".join(lines) + "\n"


def clip_table(entries: list[ModelEntry], seeds: list[Seed]) -> list[str]:
    rows = [
        "| model | parameters | area, lineage-equivalent (95 %, over speakers) | AUROC | area as the set is "
        "| validation | seeds: median (range) |",
        "| --- | ---: | --- | ---: | ---: | ---: | --- |",
    ]
    for entry in entries:
        card, clips = entry.card, entry.card.figures["clips"]
        test = clips["testing"]
        low, high = test["lineage_area_interval"]
        validation = f"{clips['validation']['lineage_area']:.1e}" if "validation" in clips else ""
        rows.append(
            f"| {card.role} | {card.parameters:,} | **{test['lineage_area']:.2e}** ({low:.1e} to {high:.1e}) "
            f"| {test['auroc']:.5f} | {test['area']:.1e} | {validation} | {seed_range(entry, seeds)} |"
        )
    test = entries[0].card.figures["clips"]["testing"]
    return [*rows, "", f"{test['positives']} clips of the keyword, {test['negatives']} of other words."]


def cost_table(entries: list[ModelEntry]) -> list[str]:
    base = base_cost()
    rows = [
        "| model | raw weights | torch.save | packed file | artifact with its card | MACs for 2 s |",
        "| --- | --- | --- | --- | ---: | --- |",
    ]
    for entry in entries:
        cost = cost_of(entry)
        pairs = ((cost.raw, base.raw), (cost.saved, base.saved), (cost.packed, base.packed))
        cells = [f"{own:,} ({of / own:.2f}x)" for own, of in pairs]
        cells += [f"{entry.path.stat().st_size:,}", f"{cost.macs:,} ({base.macs / cost.macs:.2f}x)"]
        rows.append(f"| {entry.card.role} | {' | '.join(cells)} |")
    return [*rows, "", f"Base: {base.raw:,}, {base.saved:,} and {base.packed:,} bytes; {base.macs:,} MACs."]


def stream_table(entries: list[ModelEntry]) -> list[str]:
    rows = [
        "| model | condition | misses at the card's threshold | false alarms an hour of real speech | of all "
        "| misses at 0.5 an hour of all; at 0.5 and 1 of real speech | latency, median and 95th |",
        "| --- | --- | --- | --- | ---: | --- | --- |",
    ]
    clean: dict[str, Any] = {}
    for entry in entries:
        for condition, s in entry.card.figures.get("streams", {}).get("testing", {}).items():
            clean = clean or s
            rows.append(f"| {entry.card.role} | {condition} | {' | '.join(stream_cells(s))} |")
    if not clean:
        return rows
    speech = f"{clean['speech']['hours']:.2f} hours of real speech and {clean['keywords']} keywords for each row"
    return [
        *rows,
        "",
        f"{speech}, {clean['hours']:.1f} hours in all for the clean ones and at 10 dB; intervals are of 95 %.",
    ]


def pair_table(entries: list[ModelEntry]) -> list[str]:
    """Pairs that were measured on the test set, and how much of the time the second of each is awake."""
    cards = {entry.card.role: entry.card for entry in entries}
    rows = []
    for entry in entries:
        for second, measured in entry.card.figures.get(PAIRS_FIELD, {}).items():
            if second not in cards or curve_of_pair(entry.card, cards[second]) is None:
                continue  # another second has taken its place since
            for condition, s in measured["streams"].get("testing", {}).items():
                cells = [f"{entry.card.role}{PLUS}{second}", condition, *stream_cells(s), f"{s['second_awake']:.1%}"]
                rows.append(f"| {' | '.join(cells)} |")
    heading = [
        "| pair | condition | misses at the second's threshold | false alarms an hour of real speech | of all "
        "| misses at 0.5 an hour of all; at 0.5 and 1 of real speech | latency, median and 95th | the second listens |",
        "| --- | --- | --- | --- | ---: | --- | --- | ---: |",
    ]
    return heading + rows if rows else []


def kind_table(entries: list[ModelEntry]) -> list[str]:
    """False alarms in each kind of sound, on the clean streams."""
    streams = [(e.card.role, s["clean"]) for e in entries if (s := e.card.figures.get("streams", {}).get("testing"))]
    if not streams:
        return []
    hours = {kind: row["hours"] for _, s in streams for kind, row in s["kinds"].items()}
    rows = [f"| | hours | {' | '.join(role for role, _ in streams)} |", "| --- | ---: |" + " --- |" * len(streams)]
    for kind, heard in hours.items():
        cells = [alarm_cell(s["kinds"].get(kind)) for _, s in streams]
        rows.append(f"| {kind} | {heard:.2f} | {' | '.join(cells)} |")
    rows.append(f"| **all** | {streams[0][1]['hours']:.2f} | {' | '.join(alarm_cell(s) for _, s in streams)} |")
    said = [
        f"{e.card.role} {sentence_text(e.card.figures['sentences'])}"
        for e in entries
        if e.card.figures.get("sentences")
    ]
    return [*rows, *(["", f"In recordings stated apart it fires: {'; '.join(said)}."] if any(said) else [])]


def alarm_cell(row: dict[str, Any] | None) -> str:
    """A rate with its interval, and the count."""
    if row is None or row["fa_per_hour"] is None:
        return ""
    low, high = row["fa_per_hour_interval"]
    return f"{row['fa_per_hour']:.2f} ({low:.2f} to {high:.2f}), {row['false_alarms']}"


def sentence_text(sentences: dict[str, dict[str, int]]) -> str:
    return ", ".join(f"{s['fired']} of {s['recordings']} ({name})" for name, s in sentences.items())


def stream_cells(s: dict[str, Any]) -> list[str]:
    """Misses, alarms, misses at given alarms, latency, as text."""
    frr_low, frr_high = s["frr_interval"]
    fa_low, fa_high = s["speech"]["fa_per_hour_interval"]
    given = s["frr_at_fa_per_hour"]
    rates = [s["frr_at_fa_per_hour_in_all"]["0.5"], given["0.5"], given["1"]]
    in_all, *at = ("none" if rate is None else f"{rate:.1%}" for rate in rates)
    return [
        f"{s['frr']:.1%} ({frr_low:.1%} to {frr_high:.1%})",
        f"{s['speech']['fa_per_hour']:.2f} ({fa_low:.2f} to {fa_high:.2f})",
        f"{s['fa_per_hour']:.2f}",
        f"{in_all}; {', '.join(at)}",
        ""
        if s["latency_median_s"] is None
        else f"{1000 * s['latency_median_s']:.0f} ms, {1000 * s['latency_95th_s']:.0f} ms",
    ]
