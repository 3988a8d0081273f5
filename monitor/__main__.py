"""`python -m monitor`."""

import sys

if __name__ == "__main__":
    try:
        from monitor.cli import main

        code = main()
    except KeyboardInterrupt:
        # Ctrl-C before there was anything to sum up.
        code = 0
    sys.exit(code)
