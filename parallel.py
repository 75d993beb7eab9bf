"""Work on many items at once, in order and in constant memory."""

import collections
import itertools


def pool_map(pool, function, items, ahead=64):
    """`pool.map` in order with at most `ahead` results waiting, so that memory does not grow with `items`."""
    items, waiting = iter(items), collections.deque()
    try:
        for item in itertools.islice(items, ahead):
            waiting.append(pool.submit(function, item))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(items, 1))
    finally:
        for future in waiting:
            future.cancel()
