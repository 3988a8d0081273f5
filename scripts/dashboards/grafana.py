"""A dashboard as the JSON that Grafana reads. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from monitor.judgement.verdict import MEASURES, Limits
from scripts.dashboards.panels import Dashboard, Panel, Query, Row

Json = dict[str, Any]

COLUMNS = 24
HEIGHTS = {"timeseries": 8, "stat": 4, "state-timeline": 6}
# Grafana 11; it brings older ones up to date by itself.
SCHEMA_VERSION = 39
TAG = "framegate"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
# From the unit of a measure to Prometheus' base units.
SCALES = {"success_percent": 0.01, "gpu_percent": 0.01} | dict.fromkeys(
    ("queue_ms", "infer_ms", "e2e_ms"), 0.001
)
HIGHER_IS_BETTER = {measure.name for measure in MEASURES if measure.higher_is_better}


def document(dashboard: Dashboard, limits: Mapping[str, Limits]) -> Json:
    return {
        "uid": f"{TAG}-{dashboard.name}",
        "title": f"Framegate: {dashboard.title}",
        "description": dashboard.description,
        "tags": [TAG],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,  # one crosshair over all panels
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_DATASOURCE_VARIABLE]},
        "links": [_OTHERS],
        "annotations": {"list": []},
        "panels": list(_panels(dashboard.rows, limits)),
    }


_DATASOURCE_VARIABLE = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "refresh": 1,
}
_OTHERS = {
    "title": "Framegate",
    "type": "dashboards",
    "tags": [TAG],
    "asDropdown": True,
    "includeVars": True,
    "keepTime": True,
}


def _panels(rows: tuple[Row, ...], limits: Mapping[str, Limits]) -> Iterator[Json]:
    """From left to right; what does not fit begins a new line."""
    number, top = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            number += 1
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            high = HEIGHTS[panel.kind]
            place = {"x": left, "y": top, "w": panel.width, "h": high}
            yield {"id": number, "gridPos": place} | _panel(panel, limits)
            left, height = left + panel.width, max(height, high)
        top += height


def _panel(panel: Panel, limits: Mapping[str, Limits]) -> Json:
    steps = _steps(panel.measure, limits)
    defaults: Json = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": _custom(panel),
    }
    if panel.maximum is not None:
        defaults["max"] = panel.maximum
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [_target(*one) for one in zip("ABCDEF", panel.queries, strict=False)],
    }


def _target(letter: str, query: Query) -> Json:
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "editorMode": "code",
        "range": True,
    }


def _custom(panel: Panel) -> Json:
    if panel.kind != "timeseries":
        return {}
    return {
        "lineWidth": 1,
        "fillOpacity": 30 if panel.stacked else 5,
        "showPoints": "never",
        "stacking": {"mode": "normal" if panel.stacked else "none"},
        "thresholdsStyle": {"mode": "off" if panel.measure is None else "line"},
    }


def _steps(measure: str | None, limits: Mapping[str, Limits]) -> list[Json]:
    if measure is None:
        return [{"color": "green", "value": None}]
    scale = SCALES.get(measure, 1.0)
    healthy = round(limits[measure].healthy * scale, 6)
    overloaded = round(limits[measure].overloaded * scale, 6)
    if measure in HIGHER_IS_BETTER:
        return [
            {"color": "red", "value": None},
            {"color": "orange", "value": overloaded},
            {"color": "green", "value": healthy},
        ]
    return [
        {"color": "green", "value": None},
        {"color": "orange", "value": healthy},
        {"color": "red", "value": overloaded},
    ]


_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
    },
    "state-timeline": {
        "showValue": "never",
        "mergeValues": True,
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "single"},
    },
}
