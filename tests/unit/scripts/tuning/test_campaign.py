"""The order of what is served and measured, with a machine that is a formula."""

from collections.abc import Callable
from typing import Any

import pytest

from scripts.tuning import campaign as campaign_module
from scripts.tuning.campaign import Campaign
from scripts.tuning.choice import choose
from scripts.tuning.config_text import read_batching
from scripts.tuning.plan import Findings, Plan
from scripts.tuning.points import Batching, Load, Measurement, TuningError
from scripts.tuning.trial import LoadRefused
from tests.unit.scripts.tuning.measurements import ALONE, GATEWAY, START, measured, plan

CONFIG = """
max_batch_size: 8
instance_group [ { kind: KIND_CPU, count: 2 } ]
dynamic_batching { max_queue_delay_microseconds: 0 }
"""


class Machine:
    """Stands for the server and the measuring: refuses what it is told to, follows a formula."""

    def __init__(self, formula: Callable[[Batching, int], Measurement]) -> None:
        self.formula = formula
        self.refused: set[Batching] = set()
        self.served: list[Batching] = []
        self.texts: list[str] = []
        self.deaf = False

    def switch(self, config: str) -> None:
        batching = read_batching(config)
        if batching in self.refused:
            raise LoadRefused("no memory")
        self.served.append(batching)
        self.texts.append(config)

    def config(self) -> dict[str, Any]:
        now = self.served[0] if self.deaf else self.served[-1]
        return {
            "max_batch_size": now.max_batch_size,
            "instance_group": [{"count": now.instances}],
            "dynamic_batching": {"max_queue_delay_microseconds": now.max_queue_delay_us},
        }

    def measure(self, server: object, requests: object, load: Load, **_: Any) -> Measurement:
        return self.formula(self.served[-1], len(self.served))


Rows = list[tuple[Batching, Load, Measurement | None, float]]


def start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, its_plan: Plan
) -> tuple[Campaign, Findings, Rows]:
    monkeypatch.setattr(campaign_module, "measure", machine.measure)
    findings, rows = Findings(), list[Any]()
    server: Any = machine
    made = Campaign(server, CONFIG, its_plan, findings, lambda *row: rows.append(row))
    return made, findings, rows


def faster_with_more(batching: Batching, _: int) -> Measurement:
    per_s = 100 * batching.instances + 10 * batching.max_batch_size - batching.max_queue_delay_us
    return measured(per_s, 50)


def test_the_search_begins_with_what_is_configured_and_finds_the_best(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(lambda b, _: measured(100 / b.instances + b.max_batch_size, 50))
    campaign, findings, rows = start(machine, monkeypatch, plan())
    campaign.search(requests=_none())
    assert machine.served[0] == START
    assert choose(findings.points, 100) == Batching(1, 8, 0)
    assert len(machine.served) == len(set(machine.served)) == len(findings.points)
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True)


def test_the_search_stops_after_so_many_points(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(faster_with_more)
    campaign, findings, _ = start(machine, monkeypatch, plan(max_points=3))
    campaign.search(requests=_none())
    assert len(findings.points) == 3


def test_what_triton_refuses_is_noted_and_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(faster_with_more)
    refused = Batching(1, 8, 0)
    machine.refused.add(refused)
    campaign, findings, _ = start(machine, monkeypatch, plan())
    campaign.search(requests=_none())
    assert findings.points[refused] is None
    assert choose(findings.points, 100) == START


def test_where_nothing_is_answered_the_search_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(lambda *_: measured(0, None, failed=4))
    campaign, _, _ = start(machine, monkeypatch, plan())
    with pytest.raises(TuningError, match="not even the present one"):
        campaign.search(requests=_none())


def test_finalists_take_turns_in_alternating_order(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(faster_with_more)
    campaign, findings, _ = start(machine, monkeypatch, plan(rounds=3))
    one, two = Batching(1, 8, 0), START
    findings.points.update({one: measured(200, 50), two: measured(190, 50)})
    campaign.decide(requests=_none())
    assert findings.finalists == [one, two]
    assert machine.served == [one, two, two, one, one, two]
    for load in (GATEWAY, ALONE):
        assert len(findings.rounds[one, load]) == 3


def test_the_medians_of_the_rounds_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """One lucky measurement in the search does not."""
    lucky = Batching(1, 8, 0)
    rates_per_s = (150, 180, 180, 400, 150, 180)
    machine = Machine(lambda _, turn: measured(rates_per_s[turn - 1], 50))
    campaign, findings, _ = start(machine, monkeypatch, plan(rounds=3))
    findings.points.update({lucky: measured(200, 50), START: measured(190, 50)})
    assert choose(findings.under(GATEWAY), 100) == lucky
    campaign.decide(requests=_none())
    final = findings.final(lucky, GATEWAY)
    assert final is not None
    assert final.frames_per_s == 150
    assert choose(findings.under(GATEWAY), 100) == START


def test_until_every_finalist_was_measured_again_all_points_count() -> None:
    findings = Findings(points={START: measured(100, 50), Batching(1, 8, 0): measured(200, 50)})
    findings.finalists = [START, Batching(1, 8, 0)]
    findings.rounds[START, GATEWAY] = [measured(90, 50)]
    assert findings.under(GATEWAY) == findings.points
    findings.rounds[Batching(1, 8, 0), GATEWAY] = [measured(80, 50)]
    under = findings.under(GATEWAY)
    assert {one.frames_per_s for one in under.values() if one} == {90, 80}


def test_a_server_that_keeps_its_old_configuration_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(faster_with_more)
    machine.deaf = True
    campaign, _, _ = start(machine, monkeypatch, plan())
    campaign.serve(START)
    with pytest.raises(TuningError, match="serves"):
        campaign.serve(Batching(1, 8, 0))


def test_what_is_served_is_the_configuration_s_own_text(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(faster_with_more)
    campaign, _, _ = start(machine, monkeypatch, plan())
    campaign.serve(START)
    campaign.serve(Batching(3, 8, 0))
    assert machine.texts == [CONFIG, CONFIG.replace("count: 2", "count: 3")]


def test_the_estimate_is_an_upper_bound_of_what_is_left() -> None:
    its_plan = plan(rounds=3)
    assert its_plan.most_points == its_plan.space.size == 8
    # 8 points and 4 finalists in 3 rounds under 2 loads, 3.5 s each, 2 s to switch.
    whole_s = its_plan.longest_s(2, points=its_plan.most_points, finals=its_plan.most_finals)
    assert whole_s == 8 * 5.5 + 12 * 9


def _none() -> Any:
    return None
