"""`make up`: serve until Ctrl-C; what dies meanwhile is started again."""

import sys
import time

import requests

from backend.settings import Settings, bracketed
from scripts._settings import read_settings
from scripts._stack import (
    LOGS,
    Interrupted,
    Stack,
    StackError,
    gateway_url,
    interruptible,
    say,
)
from triton_runtime.settings import Settings as TritonSettings

LOOK_EVERY_S = 0.5
ASK_ZOO_EVERY_S = 10.0


def main() -> int:
    settings, triton = read_settings()
    try:
        with interruptible(), Stack(settings) as stack:
            say("Starting Triton, the gateway and the model zoo …")
            elapsed_s = stack.wait_ready()
            say(addresses(settings, triton, elapsed_s))
            serve(stack, settings)
    except Interrupted:
        say("\nStopped.")
        return 0
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def serve(stack: Stack, settings: Settings) -> None:
    """Until somebody ends it, or something cannot be kept alive."""
    ask_zoo_s = time.monotonic() + ASK_ZOO_EVERY_S
    while True:
        for death in stack.revive():
            say(f"\n{death}")
        if time.monotonic() >= ask_zoo_s:
            ask_zoo_s = time.monotonic() + ASK_ZOO_EVERY_S
            if zoo_advises_restart(settings, stack.internal_token):
                say("\nModels left too much memory behind; Triton is started again.")
                stack.restart("triton")
        time.sleep(LOOK_EVERY_S)


def zoo_advises_restart(settings: Settings, token: str) -> bool:
    """Whether so much memory did not come back that only a new Triton frees it."""
    url = f"http://{bracketed(settings.enrichment_host)}:{settings.enrichment_port}/v1/models"
    with requests.Session() as session:
        session.trust_env = False  # no proxy stands before loopback
        try:
            answer = session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)
            status = answer.json()
        except (requests.RequestException, ValueError):
            return False  # it is being started again, or is busy
        return isinstance(status, dict) and status.get("restart_advised") is True


def addresses(settings: Settings, triton: TritonSettings, elapsed_s: float) -> str:
    url, host = gateway_url(settings), triton.triton_host
    post = "curl --data-binary @picture.jpg -H 'Content-Type: image/jpeg'"
    return f"""Ready after {elapsed_s:.1f} s.

  camera page      {url}/
  score a picture  {post} {url}/v1/quality
  ask a model      {post} {url}/v1/models/yolo11-face/infer
  the model zoo    {url}/v1/models
  health           {url}/health
  metrics          {url}/metrics
  Triton           http://{host}:{triton.triton_http_port}  gRPC {host}:{triton.triton_grpc_port}
  Triton metrics   http://{host}:{triton.triton_metrics_port}/metrics
  logs             {LOGS}

In other terminals: make monitor, make loadtest. Ctrl-C stops everything."""


if __name__ == "__main__":
    sys.exit(main())
