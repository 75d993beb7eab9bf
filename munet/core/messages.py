"""What is told on stderr while a script works: warnings, and inputs that failed."""

import sys

from tqdm import tqdm

from munet.core.errors import one_line


def warn(message):
    """One line on stderr, kept apart from a progress bar that may be on the terminal."""
    tqdm.write(f"warning: {message}", file=sys.stderr)


def failed(error):
    """Names one failed input on stderr."""
    tqdm.write(f"failed: {one_line(error)}", file=sys.stderr)
