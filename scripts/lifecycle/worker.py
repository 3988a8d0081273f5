"""A process that holds a model, and how to ask it."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from scripts._stack import PROJECT, deferred, set_up_child, undisturbed
from scripts.lifecycle.errors import HolderFailed, HolderLost
from scripts.lifecycle.memory import Memory

# What opens models in this project, and what makes them.
NETWORKS = "scripts.lifecycle.networks"
MAKING = "scripts.lifecycle.making"
ANSWER_TIMEOUT_S = 600.0
END_TIMEOUT_S = 10.0
_OUT_OF_MEMORY = -signal.SIGKILL


class Worker:
    """One process with `holder.py` in it, from the moment it is made.

    Args:
        module: that can load models.
        timeout_s: for the start and for each answer.
        variables: of its environment, beside this process's own.

    Raises:
        HolderLost: it did not start.
    """

    def __init__(
        self,
        module: str = NETWORKS,
        *,
        timeout_s: float = ANSWER_TIMEOUT_S,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self._timeout_s = timeout_s
        self._read = b""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process lives
        with deferred():
            self._process = subprocess.Popen(
                [sys.executable, "-m", "scripts.lifecycle.holder", module],
                cwd=PROJECT,
                # Models come from the disk: nobody is asked for any.
                env=os.environ
                | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
                | dict(variables or {}),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                bufsize=0,
                start_new_session=True,  # Ctrl-C in the terminal reaches the benchmark alone
                preexec_fn=set_up_child,
            )
        try:
            self._answer()
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, action: str, **told: Any) -> Mapping[str, Any]:
        """
        Raises:
            HolderFailed: with the reason that it gave.
            HolderLost: it ended, or did not answer in time and was ended.
        """
        line = json.dumps({"do": action, "with": told}) + "\n"
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended: that is told below
            self._process.stdin.write(line.encode())
        answer = self._answer()
        if "error" in answer:
            raise HolderFailed(answer["error"])
        value: Mapping[str, Any] = answer["value"]
        return value

    def memory(self) -> Memory:
        return Memory(**self.ask("memory"))

    def end(self) -> None:
        """Return when it is gone; safe to call twice."""
        with undisturbed():
            self._end()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(END_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe is not None:
                pipe.close()

    def _answer(self) -> Mapping[str, Any]:
        assert self._process.stdout is not None
        until_s = time.monotonic() + self._timeout_s
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._read:
            left_s = max(0.0, until_s - time.monotonic())
            if not select.select([descriptor], [], [], left_s)[0]:
                self.end()
                raise HolderLost(
                    f"The process that holds the model did not answer within {self._timeout_s:g} s."
                )
            more = os.read(descriptor, 2**16)
            if not more:
                raise HolderLost(self._obituary())
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    def _obituary(self) -> str:
        status = self._process.wait()
        if status == _OUT_OF_MEMORY:
            return "The process that holds the model was killed; is the machine short of memory?"
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        words = f": {lines[-1][:300]}" if lines else "."
        return f"The process that holds the model ended with exit status {status}{words}"
