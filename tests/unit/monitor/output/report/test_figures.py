from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.judgement.verdict import Level
from monitor.output.report.figures import SEVERITY, coarse, figures
from monitor.output.report.timeline import Span, fold
from monitor.sample import Sample
from tests.unit.monitor.output.made_observations import blind_sample, busy_sample
from tests.unit.monitor.output.report.made_recordings import judged_as, recording


def drawn(*samples: Sample, level: Level = "healthy") -> tuple[str, list[str]]:
    made, empty = figures(fold(recording(samples), judged_as([level])))
    return "".join(made), empty


def test_everything_that_was_recorded_has_a_chart() -> None:
    html, empty = drawn(busy_sample(0), busy_sample(1), busy_sample(2))
    assert empty == []
    assert html.count("<figure>") == 13
    for title in ("Triton's requests", "Time in the gateway", "GPU power", "Memory of processes"):
        assert title.replace("'", "&#39;") in html


def test_what_was_not_recorded_is_named_and_not_drawn() -> None:
    html, empty = drawn(blind_sample(0), blind_sample(1))
    assert html == ""
    assert len(empty) == 13
    _, empty = drawn(replace(busy_sample(), gateway=None, processes=()))
    assert empty == [
        "Gateway's requests",
        "Time in the gateway",
        "CPU of processes",
        "Memory of processes",
    ]


def test_more_gpus_than_a_chart_has_colours_get_further_charts() -> None:
    gpu = busy_sample().gpus[0]
    gpus = tuple(replace(gpu, index=index) for index in range(11))
    html, _ = drawn(replace(busy_sample(), gpus=gpus))
    assert html.count("<figcaption>GPU power") == 3
    assert html.index(">GPU 9</li>") < html.index(">GPU 10</li>")
    assert 'class="s4"' not in html


def test_a_line_breaks_where_no_sample_was_taken() -> None:
    samples = [busy_sample(second) for second in (0, 1, 2, 60, 61)]
    html, _ = drawn(*samples)
    assert html.count('<polyline class="s0"') == 2 * 13


def test_a_value_that_is_no_number_is_not_drawn() -> None:
    samples = [replace(busy_sample(second), host_cpu_percent=float("nan")) for second in (0, 1)]
    assert drawn(*samples)[1] == ["CPU of the machine"]


def test_the_axis_has_the_unit_that_suits_the_duration() -> None:
    for last_s, unit in ((100, "seconds"), (1000, "minutes"), (20_000, "hours")):
        html, _ = drawn(busy_sample(0), busy_sample(last_s))
        assert f">{unit}</text>" in html


levels = st.sampled_from(SEVERITY)


@given(st.lists(levels, min_size=1, max_size=60), st.integers(1, 20))
def test_coarse_bands_are_few_and_hide_nothing_bad(found: list[Level], most: int) -> None:
    spans = [
        Span(level, float(start), float(start + 1), 0.0, "", "")
        for start, level in enumerate(found)
    ]
    kept = coarse(spans, float(len(spans)), most)
    assert len(kept) <= max(most, 1)
    assert max(SEVERITY.index(span.level) for span in kept) == max(map(SEVERITY.index, found))
    assert kept[0].from_s == 0
    assert abs(kept[-1].to_s - len(spans)) < 1e-6
