"""`make benchmark-lifecycle`: what loading and unloading a model costs, in three ways."""

import sys
from collections.abc import Sequence

from scripts.lifecycle import dependencies, options
from scripts.lifecycle.errors import LifecycleError

_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        given = options.read(arguments)
        print("Packages:", *dependencies.check(), sep="\n", flush=True)
        # Not before what it needs is known to be there.
        from scripts.lifecycle import running

        return running.run(given)
    except LifecycleError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before anything was started
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
