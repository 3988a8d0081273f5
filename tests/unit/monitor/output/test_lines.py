import fcntl
import io
import os
import pty
import struct
import termios
from pathlib import Path

from monitor.judgement.verdict import Level, Verdict
from monitor.observation import Diagnosis, Observation
from monitor.output import table
from monitor.output.lines import TableLines, terminal_width
from monitor.sample import GpuReading, Sample

DIAGNOSIS = Diagnosis("under_driven", "The limit is outside Triton.")


def observation(level: Level, *gpus: GpuReading) -> Observation:
    return Observation(Sample(0.0, 0.0, gpus), Verdict(level, f"it is {level}"), DIAGNOSIS)


def test_the_header_comes_once_and_again_with_other_columns() -> None:
    width: list[int | None] = [80]
    stream = io.StringIO()
    lines = TableLines(stream, width=lambda: width[0])
    lines.begin()
    lines.write(observation("healthy"))
    width[0] = 81
    lines.write(observation("healthy"))
    assert stream.getvalue().count(table.TITLE) == 1
    width[0] = 60
    lines.write(observation("healthy"))
    assert stream.getvalue().count(table.TITLE) == 2
    assert max(map(len, stream.getvalue().splitlines()[-5:])) <= 60


def test_without_a_header_there_is_a_line_a_sample() -> None:
    stream = io.StringIO()
    lines = TableLines(stream, with_header=False)
    lines.begin()
    lines.write(observation("healthy"))
    assert len(stream.getvalue().splitlines()) == 1


def test_unified_memory_is_explained_once() -> None:
    stream = io.StringIO()
    lines = TableLines(stream, with_header=False)
    for _ in range(2):
        lines.write(observation("healthy", GpuReading(index=0, memory_is_unified=True)))
    assert stream.getvalue().count("unified memory") == 1


def test_each_line_is_flushed() -> None:
    class Stream(io.StringIO):
        flushed = ""

        def flush(self) -> None:
            self.flushed = self.getvalue()

    stream = Stream()
    TableLines(stream).write(observation("overloaded"))
    assert stream.flushed == stream.getvalue() != ""


def test_a_terminal_says_its_width_and_a_file_has_none(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert terminal_width(file) is None
    controller, terminal = pty.openpty()
    with os.fdopen(controller), os.fdopen(terminal, "w") as stream:
        assert terminal_width(stream) is None
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 97, 0, 0))
        assert terminal_width(stream) == 97
