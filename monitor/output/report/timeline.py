"""A recording, judged again from its beginning and folded into what a page tells. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from monitor.counters import Deltas, ModelKey, total
from monitor.judgement.verdict import Level
from monitor.observation import DiagnosisCode, Growth, Observation
from monitor.output.missing import by_reason
from monitor.output.recording import Recording
from monitor.output.table import gpu_label
from monitor.sample import Sample

# A sample speaks for the time until the next one, but not for longer than this.
LONGEST_HOLD_INTERVALS = 3
# What takes two readings is not known at the first: no reader needs to be told.
ALWAYS_WORTH_A_WORD = ("gpu", "triton")


@dataclass(frozen=True)
class Moment:
    """Attributes:
    offset_s: Since the first sample.
    held_s: How long the sample stands for what was.
    deltas: Of all models together.
    """

    offset_s: float
    held_s: float
    observation: Observation
    deltas: Deltas

    @property
    def sample(self) -> Sample:
        return self.observation.sample


@dataclass(frozen=True)
class Span:
    """A time in which one level applied, and what was said when it began."""

    level: Level
    from_s: float
    to_s: float
    wall_s: float
    rule: str
    sentence: str


@dataclass(frozen=True)
class Waiting:
    """A diagnosis, the share of the time in which it applied, and its last words."""

    code: DiagnosisCode
    held_s: float
    share: float
    sentence: str


@dataclass(frozen=True)
class Gap:
    """A time in which something was unknown; `what` is a key of Sample.missing or "GPU 0"."""

    what: str
    reason: str
    from_s: float
    to_s: float
    wall_s: float


@dataclass(frozen=True)
class ModelTotals:
    key: ModelKey
    deltas: Deltas
    most_pending: int | None


@dataclass(frozen=True)
class Timeline:
    moments: tuple[Moment, ...]
    duration_s: float
    total: Deltas
    spans: tuple[Span, ...]
    waitings: tuple[Waiting, ...]
    gaps: tuple[Gap, ...]
    models: tuple[ModelTotals, ...]
    growths: tuple[Growth, ...]

    def level_s(self) -> dict[Level, float]:
        held_s: dict[Level, float] = {}
        for span in self.spans:
            held_s[span.level] = held_s.get(span.level, 0.0) + span.to_s - span.from_s
        return held_s


def fold(recording: Recording, observe: Callable[[Sample], Observation]) -> Timeline:
    """Judge each sample in its order; `observe` may remember those before."""
    moments = tuple(_moments(recording, observe))
    return Timeline(
        moments=moments,
        duration_s=moments[-1].offset_s + moments[-1].held_s if moments else 0.0,
        total=total(moment.deltas for moment in moments),
        spans=tuple(_spans(moments)),
        waitings=_waitings(moments),
        gaps=_gaps(moments),
        models=_models(moments),
        growths=tuple(
            {
                growth.what: growth for moment in moments for growth in moment.observation.growths
            }.values()
        ),
    )


def _moments(recording: Recording, observe: Callable[[Sample], Observation]) -> Iterator[Moment]:
    samples, interval_s = recording.samples, recording.header.interval_s
    for position, sample in enumerate(samples):
        held_s = interval_s
        if position + 1 < len(samples):
            until_next_s = samples[position + 1].monotonic_s - sample.monotonic_s
            held_s = max(0.0, min(until_next_s, LONGEST_HOLD_INTERVALS * interval_s))
        offset_s = sample.monotonic_s - samples[0].monotonic_s
        yield Moment(offset_s, held_s, observe(sample), sample.deltas())


def is_followed(moment: Moment, following: Moment) -> bool:
    """False where samples are missing in between."""
    return following.offset_s - moment.offset_s <= moment.held_s + 1e-6


def _spans(moments: Sequence[Moment]) -> Iterator[Span]:
    begun: Moment | None = None
    for position, moment in enumerate(moments):
        begun = begun or moment
        following = moments[position + 1] if position + 1 < len(moments) else None
        verdict = begun.observation.verdict
        if (
            following is None
            or not is_followed(moment, following)
            or following.observation.verdict.level != verdict.level
        ):
            yield Span(
                verdict.level,
                begun.offset_s,
                moment.offset_s + moment.held_s,
                begun.sample.wall_s,
                verdict.rule,
                begun.observation.diagnosis.sentence,
            )
            begun = None


def _waitings(moments: Sequence[Moment]) -> tuple[Waiting, ...]:
    """The longest first."""
    held_s: dict[DiagnosisCode, float] = {}
    sentences: dict[DiagnosisCode, str] = {}
    for moment in moments:
        diagnosis = moment.observation.diagnosis
        held_s[diagnosis.code] = held_s.get(diagnosis.code, 0.0) + moment.held_s
        sentences[diagnosis.code] = diagnosis.sentence
    whole_s = sum(held_s.values())
    return tuple(
        Waiting(code, seconds, seconds / whole_s if whole_s else 0.0, sentences[code])
        for code, seconds in sorted(held_s.items(), key=lambda item: -item[1])
    )


def _gaps(moments: Sequence[Moment]) -> tuple[Gap, ...]:
    found: list[Gap] = []
    # What is missing → the reason, and the moment from which it holds.
    open_gaps: dict[str, tuple[str, Moment]] = {}
    for position, moment in enumerate(moments):
        reasons = _reasons(moment.sample)
        for what, (reason, since) in list(open_gaps.items()):
            if reasons.get(what) != reason:
                del open_gaps[what]
                if since is not moments[0] or position > 1 or what in ALWAYS_WORTH_A_WORD:
                    found.append(_gap(what, reason, since, moment.offset_s))
        for what, reason in reasons.items():
            open_gaps.setdefault(what, (reason, moment))
        following = moments[position + 1] if position + 1 < len(moments) else None
        if following is not None and not is_followed(moment, following):
            found.append(_gap("samples", "the monitor took none", moment, following.offset_s))
    if moments:
        end_s = moments[-1].offset_s + moments[-1].held_s
        found += [_gap(what, reason, since, end_s) for what, (reason, since) in open_gaps.items()]
    return tuple(sorted(found, key=lambda gap: gap.from_s))


def _gap(what: str, reason: str, since: Moment, to_s: float) -> Gap:
    return Gap(what, reason, since.offset_s, to_s, since.sample.wall_s)


def _reasons(sample: Sample) -> dict[str, str]:
    reasons = dict(sample.missing)
    for gpu in sample.gpus:
        if gpu.missing:
            reasons[gpu_label(gpu)] = by_reason(gpu.missing)
    return reasons


def _models(moments: Sequence[Moment]) -> tuple[ModelTotals, ...]:
    deltas: dict[ModelKey, list[Deltas]] = {}
    pending: dict[ModelKey, list[int]] = {}
    for moment in moments:
        for model in moment.sample.models or ():
            deltas.setdefault(model.key, []).extend([model.deltas] if model.deltas else [])
            pending.setdefault(model.key, []).extend(
                [] if model.pending_count is None else [model.pending_count]
            )
    return tuple(
        ModelTotals(key, total(deltas[key]), max(pending[key], default=None))
        for key in sorted(deltas)
    )
