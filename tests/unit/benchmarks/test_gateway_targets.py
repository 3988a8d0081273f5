"""The comparisons that results allow, and their limits."""

from benchmarks.figures import Window
from benchmarks.gateway_targets import targets_of
from benchmarks.rounds import Result


def result(name: str, requests_per_s: float, p50_ms: float, *, wrong: int | None = 0) -> Result:
    one = Window(
        requests_per_s=requests_per_s,
        p50_ms=p50_ms,
        p95_ms=None,
        p99_ms=None,
        sent=100,
        errors=0,
        wrong=wrong,
        cpu_ms={"gateway": 0.6},
    )
    return Result(name, name, busy=[one], alone=[one])


def results() -> dict[str, Result]:
    return {
        "reference": result("reference", 100, 20),
        "gateway": result("gateway", 1200, 2.5),
        "triton": result("triton", 2000, 1.0, wrong=None),
    }


def test_each_candidate_is_compared_with_the_gateway() -> None:
    found = {target.name: target for target in targets_of(results(), limits=True)}
    assert [(target.value, target.reached) for target in found.values()] == [
        (12.0, True),
        (0.6, True),
        (0.6, True),
        (1.5, False),
        (0, True),
    ]


def test_without_limits_only_right_answers_are_asked_for() -> None:
    reached = [target.reached for target in targets_of(results(), limits=False)]
    assert reached == [None, None, None, None, True]


def test_one_wrong_answer_of_any_candidate_misses_the_last_target() -> None:
    wrong = results() | {"reference": result("reference", 100, 20, wrong=1)}
    # It was wrong under both loads.
    assert targets_of(wrong, limits=True)[-1].value == 2
    assert targets_of(wrong, limits=True)[-1].reached is False


def test_a_candidate_that_could_not_run_is_unknown_not_missed() -> None:
    absent = results() | {"triton": Result("triton", "triton", not_run="no such program")}
    triton = [
        target for target in targets_of(absent, limits=True) if "triton" in target.name.lower()
    ]
    assert [target.reached for target in triton] == [None, None]


def test_without_the_gateway_there_is_nothing_to_compare() -> None:
    assert targets_of({"reference": result("reference", 100, 20)}, limits=True) == []
