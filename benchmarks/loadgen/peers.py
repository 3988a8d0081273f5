"""`python -m benchmarks.loadgen.peers WHICH PORT SECONDS`: the same frames without the load tester.

Prints what it sent and the processor time that took, as JSON.
"""

import json
import sys
import time
from typing import Any

import gevent
from geventhttpclient import HTTPClient
from locust import FastHttpUser, constant, task
from locust.env import Environment

from benchmarks.processes import HOST
from loadtest._load._payloads import make_payloads

CONNECTIONS = 16
HEADERS = {"Content-Type": "image/jpeg"}
PATH = "/v1/quality"
FRAMES = make_payloads(0)


def library_alone(port: int, seconds: float) -> int:
    """The HTTP library in a loop; returns how many answers were good."""
    client = HTTPClient(HOST, port, concurrency=CONNECTIONS)
    end_s = time.monotonic() + seconds

    def send() -> int:
        sent = 0
        while time.monotonic() < end_s:
            answer = client.post(PATH, body=FRAMES[sent % len(FRAMES)], headers=HEADERS)
            sent += "score" in json.loads(answer.read())
        return sent

    senders = [gevent.spawn(send) for _ in range(CONNECTIONS)]
    gevent.joinall(senders, raise_error=True)
    return sum(sender.value for sender in senders)


def locust_users(port: int, seconds: float) -> int:
    """Locust's own FastHttpUser; returns how many answers were good."""

    class Plain(FastHttpUser):
        host = f"http://{HOST}:{port}"
        wait_time = constant(0)
        good = 0

        @task
        def score_frame(self) -> None:
            frame: Any = FRAMES[Plain.good % len(FRAMES)]
            with self.client.post(PATH, data=frame, headers=HEADERS, catch_response=True) as answer:
                Plain.good += "score" in json.loads(answer.content or b"")

    runner = Environment(user_classes=[Plain]).create_local_runner()
    runner.start(CONNECTIONS, spawn_rate=CONNECTIONS)
    gevent.sleep(seconds)
    runner.quit()
    return Plain.good


PEERS = {"library": library_alone, "locust": locust_users}


def main() -> None:
    which, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    PEERS[which](port, 0.5)
    started_s, cpu_s = time.monotonic(), time.process_time()
    good = PEERS[which](port, seconds)
    used_s = time.process_time() - cpu_s
    print(json.dumps({"frames": good, "seconds": time.monotonic() - started_s, "cpu_s": used_s}))


if __name__ == "__main__":
    main()
