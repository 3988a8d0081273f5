"""Grafana's dashboards as short tables; their JSON is in deploy/grafana/dashboards/."""
