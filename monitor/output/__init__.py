"""What is shown and kept: table, full screen, CSV, recording, report, exporter."""
