"""Writes what Grafana shows, from scripts/dashboards: `python -m scripts.make_dashboards`."""

import json
import sys
from pathlib import Path

from monitor.judgement.verdict import load_thresholds
from scripts.dashboards import load_test, system, triton, zoo
from scripts.dashboards.grafana import document

FOLDER = Path(__file__).parents[1] / "deploy/grafana/dashboards"
DASHBOARDS = tuple(module.DASHBOARD for module in (system, triton, zoo, load_test))


def rendered() -> dict[str, str]:
    """Name of each file → its text."""
    limits = load_thresholds().limits
    return {
        f"{dashboard.name}.json": json.dumps(
            document(dashboard, limits), indent=2, ensure_ascii=False
        )
        + "\n"
        for dashboard in DASHBOARDS
    }


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
