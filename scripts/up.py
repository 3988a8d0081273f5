"""`make up`: serve until Ctrl-C."""

import sys
import time

from backend.settings import Settings
from scripts._settings import read_settings
from scripts._stack import LOGS, Interrupted, Stack, StackError, gateway_url, interruptible, say
from triton_runtime.settings import Settings as TritonSettings


def main() -> int:
    settings, triton = read_settings()
    try:
        with interruptible(), Stack(settings) as stack:
            say("Starting Triton and the gateway …")
            elapsed_s = stack.wait_ready()
            say(addresses(settings, triton, elapsed_s))
            while True:
                stack.check_alive()
                time.sleep(0.5)
    except Interrupted:
        say("\nStopped.")
        return 0
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def addresses(settings: Settings, triton: TritonSettings, elapsed_s: float) -> str:
    url, host = gateway_url(settings), triton.triton_host
    return f"""Ready after {elapsed_s:.1f} s.

  camera page      {url}/
  score a picture  curl --data-binary @picture.jpg -H 'Content-Type: image/jpeg' {url}/v1/quality
  health           {url}/health
  metrics          {url}/metrics
  Triton           http://{host}:{triton.triton_http_port}  gRPC {host}:{triton.triton_grpc_port}
  Triton metrics   http://{host}:{triton.triton_metrics_port}/metrics
  logs             {LOGS}

In other terminals: make monitor, make loadtest. Ctrl-C stops everything."""


if __name__ == "__main__":
    sys.exit(main())
