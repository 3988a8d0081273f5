"""Good, marginal or poor at the reference load, and what to do next.

The limits are those of the guide that came with the system this one replaces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loadtest._analysis._findings import Grade, GradeLevel
from monitor.judgement.verdict import truthful

REFERENCE_USERS = 100
GOOD_BELOW_MS = 500.0
POOR_ABOVE_MS = 800.0

# Best first.
_LEVELS: Sequence[GradeLevel] = ("good", "marginal", "poor")

ADVICE: Mapping[GradeLevel, Sequence[str]] = {
    "good": (
        "Keep the folder of this run: it is what later runs are compared with.",
        "In service, alert on latency and refusals: /metrics is there for Prometheus.",
    ),
    "marginal": (
        "See in the breakdown of the stage where the time goes; that decides what can help.",
        "Find batching and instances with make tune; FRAMEGATE_TRITON_CONFIG picks its profile.",
        "Preprocessing takes the gateway's CPU: give it cores, and FRAMEGATE_WORKERS to match.",
        "Have cameras send pictures no larger than the model needs.",
        "Run gateway and Triton on one host as one user: pixels then go through shared memory.",
    ),
    "poor": (
        "See first which requests failed and why: a limit that refuses is not a slow system.",
        "Run several Tritons: FRAMEGATE_TRITON_URLS names them, an idle one takes the next frames.",
        "Use a faster GPU, with a profile of its own in FRAMEGATE_TRITON_CONFIG.",
        "If pictures repeat, remember answers: FRAMEGATE_CACHE_TTL_S=2, FRAMEGATE_REDIS_URL.",
        "Use the model in INT8: quicker, but compare its scores first.",
    ),
}


@dataclass(frozen=True)
class GradedStage:
    """What the grade needs of one stage.

    Attributes:
        e2e_ms: response time; None without a good answer.
        e2e_label: which it is, "p95" or "median".
        doubt: why the stage says nothing about the system; None where it does.
    """

    users: int
    success_percent: float | None
    e2e_ms: float | None
    e2e_label: str
    doubt: str | None = None


def grade(
    stages: Iterable[GradedStage],
    *,
    healthy_success_percent: float,
    reference_users: int = REFERENCE_USERS,
) -> Grade:
    """Grade a run at the reference load.

    Of several stages with that load the worst counts. Without one, a smaller load can have been
    as bad already as a larger one still was; else the grade is unknown.

    Args:
        healthy_success_percent: below it, failures alone make a stage poor.
    """
    given = list(stages)
    judged = [
        (_LEVELS.index(level), stage)
        for stage in given
        if (level := _level(stage, healthy_success_percent)) is not None
    ]
    at = [pair for pair in judged if pair[1].users == reference_users]
    if at:
        rank, stage = max(at, key=_rank)
        return _grade(rank, stage, "", healthy_success_percent)
    below = max((p for p in judged if p[1].users < reference_users), key=_rank, default=None)
    above = min((p for p in judged if p[1].users > reference_users), key=_rank, default=None)
    at_best = below[0] if below else 0
    at_worst = above[0] if above else len(_LEVELS) - 1
    if at_best < at_worst:
        return _unknown(given, reference_users)
    decisive, how = (below, "already") if at_best else (above, "still")
    assert decisive is not None
    rank, stage = decisive
    prefix = f"Not measured with {reference_users} users, but {how} so at another load. "
    return _grade(rank, stage, prefix, healthy_success_percent)


def _rank(pair: tuple[int, GradedStage]) -> int:
    return pair[0]


def _level(stage: GradedStage, healthy_success_percent: float) -> GradeLevel | None:
    if stage.doubt is not None or stage.success_percent is None:
        return None
    if stage.success_percent < healthy_success_percent:
        return "poor"
    if stage.e2e_ms is None:
        return None
    if stage.e2e_ms > POOR_ABOVE_MS:
        return "poor"
    return "good" if stage.e2e_ms < GOOD_BELOW_MS else "marginal"


def _grade(rank: int, stage: GradedStage, prefix: str, healthy_success_percent: float) -> Grade:
    level = _LEVELS[rank]
    reasons = []
    if stage.e2e_ms is not None:
        limit_ms = GOOD_BELOW_MS if stage.e2e_ms <= POOR_ABOVE_MS else POOR_ABOVE_MS
        reasons.append(f"{stage.e2e_label} {truthful(stage.e2e_ms, limit_ms)} ms")
    if stage.success_percent is not None:
        shown = truthful(stage.success_percent, healthy_success_percent)
        reasons.append(f"success {shown} %")
    limits = (
        f"good is below {GOOD_BELOW_MS:g} ms, poor above {POOR_ABOVE_MS:g} ms "
        f"or below {healthy_success_percent:g} % success"
    )
    sentence = (
        f"{prefix}{level.capitalize()} with {stage.users} users: {', '.join(reasons)} ({limits})."
    )
    return Grade(level, stage.users, sentence, ADVICE[level])


def _unknown(stages: Sequence[GradedStage], reference_users: int) -> Grade:
    doubt = next((s.doubt for s in stages if s.users == reference_users and s.doubt), None)
    if doubt is not None:
        sentence = f"Not graded: the stage with {reference_users} users is in doubt ({doubt})."
        advice = f"Remove the doubt and measure {reference_users} users again."
    elif any(stage.users == reference_users for stage in stages):
        sentence = f"Not graded: nothing was measured with {reference_users} users."
        advice = "See why requests were not answered."
    else:
        sentence = (
            f"Not graded: no stage had {reference_users} users, and the others do not decide it."
        )
        advice = f"Put {reference_users} among the --stages."
    return Grade("unknown", None, sentence, (advice,))
