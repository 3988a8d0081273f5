import pytest

from monitor.counters import Deltas, ModelActivity, ModelKey
from monitor.sample import GpuReading, Sample

MODEL = ModelKey("m", "1")


def sample(deltas: Deltas, *gpus: GpuReading, elapsed_s: float | None = 2.0) -> Sample:
    models = (ModelActivity(MODEL, 0, deltas),)
    return Sample(0.0, 0.0, gpus=gpus, models=models, elapsed_s=elapsed_s)


def test_by_little_s_law_requests_inside_are_their_time_over_the_time() -> None:
    assert sample(Deltas(request_us=6_000_000)).in_flight() == 3.0
    assert sample(Deltas()).in_flight() is None
    assert sample(Deltas(request_us=1), elapsed_s=None).in_flight() is None


def test_energy_is_that_of_all_gpus_over_the_inferences() -> None:
    did = Deltas(inference_count=10)
    one = GpuReading(0, interval_energy_mj=30_000)
    two = GpuReading(1, interval_energy_mj=20_000)
    part = GpuReading(1, mig_index=0)
    assert sample(did, one, two, part).joules_per_inference() == pytest.approx(5.0)
    assert sample(did, one, GpuReading(1)).joules_per_inference() is None
    assert sample(did).joules_per_inference() is None
    assert sample(Deltas(inference_count=0), one).joules_per_inference() is None
