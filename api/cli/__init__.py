"""`crossconnect`, the program: every verb an operator has. Verbs are thin; what they need is imported when they run, so that `--help` is quick."""

import os
import sys


def main() -> None:
    """Run the verb that the command line names. Exit codes: 0 done, 1 refused or failed, 2 misused or no server runs, 130 interrupted."""
    from api.cli.failures import explained
    from api.cli.verbs import app

    try:
        sys.exit(app(prog_name="crossconnect", standalone_mode=False))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough; never told as success, since it may have been another pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        sentence, code = explained(error)
        print(sentence, file=sys.stderr)
        sys.exit(code)
