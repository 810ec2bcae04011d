"""Writes figures as a short text for a person. Each rate comes with its hours and its 95 % interval."""

from training.evaluate.figures import AlarmRate, Figures, Misses, StreamFigures


def as_text(figures: Figures) -> str:
    """The figures as lines of text."""
    lines = [f"passed over: {message}" for message in figures.passed_over]
    for split, area in figures.clips.items():
        low, high = area.lineage_area_interval
        lines.append(
            f"clips, {split}: {area.positives} keywords, {area.negatives} others; AUROC {area.auroc:.6f}, "
            f"area {area.area:.2e}, lineage-equivalent {area.lineage_area:.2e} ({low:.1e} to {high:.1e})"
        )
    for split, conditions in figures.streams.items():
        for name, stream in conditions.items():
            lines += [f"stream, {split}, {name}, threshold {stream.threshold:g}:", *stream_lines(stream)]
    for name, sentences in figures.sentences.items():
        lines.append(f"{name}: fires in {sentences.fired} of {sentences.recordings} recordings")
    for row in figures.tuning:
        lines.append(
            f"smoothing {row.smoothing_steps}, patience {row.patience_steps}, threshold {row.threshold:.4f}: "
            f"missed {row.frr:.1%} at {row.fa_per_hour:.2f} false alarms an hour of real speech, "
            f"latency {1000 * row.latency_median_s:.0f} ms"
        )
    return "\n".join(lines)


def stream_lines(stream: StreamFigures) -> list[str]:
    """Misses, and false alarms in each kind of sound."""
    lines = [] if stream.misses is None else miss_lines(stream.misses)
    if stream.second_awake is not None:
        lines.append(f"  the second model hears {stream.second_awake:.1%} of the time")
    rates = {name: kind.rate for name, kind in stream.kinds.items()}
    for name, rate in {"real speech": stream.speech, **rates, "all sound": stream.alarms}.items():
        if rate.fa_per_hour is not None:
            lines.append(f"  {name:18} {alarm_text(rate)}")
    return lines


def miss_lines(misses: Misses) -> list[str]:
    low, high = misses.interval
    line = f"  missed {misses.missed} of {misses.keywords}: {misses.frr:.1%} ({low:.1%} to {high:.1%})"
    if misses.latency_median_s is not None and misses.latency_95th_s is not None:
        line += f"; latency {1000 * misses.latency_median_s:.0f} ms, 95th {1000 * misses.latency_95th_s:.0f} ms"
    lines = [line]
    for rate in misses.frr_at_fa_per_hour:
        found = misses.at(rate)
        if found is None:
            continue
        frr, (low, high) = found
        lines.append(
            f"    {frr:.1%} ({low:.1%} to {high:.1%}) at no more than {rate} false alarms an hour of real speech"
        )
    return lines


def alarm_text(rate: AlarmRate) -> str:
    """A count, its hours, the rate and its interval."""
    if rate.fa_per_hour is None or rate.interval is None:
        return f"{rate.false_alarms:4} false alarms in no time"
    low, high = rate.interval
    return (
        f"{rate.false_alarms:4} false alarms in {rate.hours:5.2f} h: "
        f"{rate.fa_per_hour:.2f} an hour ({low:.2f} to {high:.2f})"
    )
