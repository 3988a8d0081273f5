"""What is shown where there is no terminal."""

import pytest

from scripts.fetching.progress import shown, table


def test_without_a_terminal_a_file_has_a_line_per_quarter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    total_bytes = 8 * 2**20
    with shown() as progress:
        progress.step("pet-classifier: converting to ONNX.")
        on_bytes = progress.file("pet-classifier model.safetensors")
        for done_bytes in range(0, total_bytes + 1, 2**18):
            on_bytes(done_bytes, total_bytes)
    assert capsys.readouterr().out.splitlines() == [
        "pet-classifier: converting to ONNX.",
        *(
            f"pet-classifier model.safetensors: {percent} % of 8.0 MiB"
            for percent in (0, 25, 50, 75, 100)
        ),
    ]


def test_a_long_reason_is_shown_to_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "https://hub.example/" + "a" * 200
    table(("model", "why"), [("one", reason)])
    assert "".join(capsys.readouterr().out.split()).endswith("a" * 200)
