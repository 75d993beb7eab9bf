"""The parts of benchmark.py: a module each, with `add_arguments(parser)` and `measure(args)`."""

import time


def timed(function):
    """Calls `function`: (its result, the wall time in seconds)."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start
