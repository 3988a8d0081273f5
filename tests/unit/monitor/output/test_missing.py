from monitor.output.missing import reasons
from monitor.sample import GpuReading, Sample


def test_each_reason_stands_beside_what_is_missing() -> None:
    sample = Sample(
        0.0,
        0.0,
        gpus=(
            GpuReading(0, missing={"power_mw": "lost", "energy_mj": "lost", "uuid": "too old"}),
            GpuReading(0, mig_index=1, missing={"power_mw": "told for the whole GPU"}),
        ),
        missing={"triton": "refused", "processes.gateway": "nobody listens", "later": "unheard of"},
    )
    assert reasons(sample) == {
        "no Triton metrics": "refused",
        "no processes of gateway": "nobody listens",
        "no later": "unheard of",
        "GPU 0 incomplete": "lost (power_mw, energy_mj); too old (uuid)",
    }
