"""`make benchmark-video-memory`: frames of clips kept on the device, and in host memory."""

import importlib.util
import sys
from collections.abc import Sequence

from scripts.lifecycle.errors import LifecycleError, Missing
from scripts.video_memory import options

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        given = options.read(arguments)
        if importlib.util.find_spec("torch") is None:
            raise Missing(
                "PyTorch is not installed. `make benchmark-video-memory` makes the environment "
                "that has it."
            )
        # Not before what it needs is known to be there.
        from scripts.video_memory import running

        return running.run(given)
    except LifecycleError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was started
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
