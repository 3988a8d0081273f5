"""`python -m scripts.plan_capacity RUN --cameras N`: how many machines, by what a run has shown."""

import json
import os
import sys
from collections.abc import Sequence

from scripts._stack import PROJECT
from scripts.capacity import options as command_line
from scripts.capacity import report
from scripts.capacity.documents import read_summary
from scripts.capacity.errors import PlanFailed
from scripts.capacity.law import law, refuse_mixture
from scripts.capacity.measured import Measurement, measure
from scripts.capacity.options import Options
from scripts.capacity.plan import Host, Wish, plan
from scripts.capacity.prediction import predict
from scripts.capacity.surroundings import surroundings
from scripts.capacity.tensors import tensor_bytes

REPOSITORIES = (PROJECT / "triton_models", PROJECT / "var/models")
# Heads and body of one answer of /v1/quality, as seen on the wire with the measuring model.
ANSWER_BYTES = 1_000
# What one gateway showed Prometheus after it had scored frames and answered its probes; other
# routes, refusals and problems add to it.
SERIES_PER_GATEWAY = 104
GBIT_BYTES = 1e9 / 8


def main(arguments: Sequence[str] | None = None) -> int:
    options = command_line.read(arguments)
    try:
        print(run(options), flush=True)
    except PlanFailed as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader has seen enough. What Python still holds for stdout must not be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def run(options: Options) -> str:
    """What is asked for, as text.

    Raises:
        PlanFailed: with why.
    """
    runs = [measure(str(path), read_summary(path)) for path in options.runs]
    demands = law(runs, options.assumed_ratio)
    if options.check is not None:
        checked = measure(str(options.check), read_summary(options.check))
        refuse_mixture([*runs, checked])
        predicted = predict(demands, max(one.other_cores for one in runs), checked)
        found = report.prediction_document(runs, checked, demands, predicted)
        shown = report.prediction_text(runs, checked, predicted)
    else:
        wish = wished(options, runs)
        watts = [one.gpu_w for one in runs if one.gpu_w is not None]
        made = plan(wish, demands, max(watts, default=None))
        beside = surroundings(wish, made, demands, SERIES_PER_GATEWAY)
        found = report.plan_document(runs, demands, wish, made, beside)
        shown = report.plan_text(runs, demands, wish, made, beside, explain=options.explain)
    return json.dumps(found, indent=1, allow_nan=False) if options.as_json else shown


def wished(options: Options, runs: Sequence[Measurement]) -> Wish:
    """What is asked for, with what is not said taken from the first run."""
    first = runs[0]
    gpus = first.gpus if options.host_gpus is None else options.host_gpus
    return Wish(
        cameras=options.cameras,
        interval_s=options.interval_s or first.interval_s,
        headroom_ratio=options.headroom_ratio,
        spare_hosts=options.spare_hosts,
        layout=options.layout,
        host=Host(options.host_cores or first.cores, gpus, options.nic_gbit_per_s * GBIT_BYTES),
        assumed_ratio=options.assumed_ratio,
        frame_bytes=options.frame_bytes or first.frame_bytes,
        answer_bytes=ANSWER_BYTES,
        tensor_bytes=(
            tensor_bytes(first.models, REPOSITORIES)
            if options.tensor_bytes is None
            else options.tensor_bytes
        ),
    )


if __name__ == "__main__":
    sys.exit(main())
