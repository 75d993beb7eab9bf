"""Work on many items: order, bounded waiting, workers that die."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from munet.core.errors import MunetError
from munet.core.parallel import pool_map, process_map


def test_threads_keep_the_order_and_take_no_more_items_than_asked():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    with ThreadPoolExecutor(4) as pool:
        results = pool_map(pool, abs, items(), ahead=8)
        assert [next(results) for _ in range(10)] == list(range(10))
        assert len(taken) <= 10 + 8
        results.close()
    assert len(taken) <= 10 + 8


def test_processes_keep_the_order():
    with process_map(abs, range(-40, 0), 2) as results:
        assert list(results) == list(range(40, 0, -1))


def test_a_worker_that_dies_is_told_in_one_line():
    with (
        pytest.raises(MunetError, match=r"worker process was killed.*--workers"),
        process_map(os._exit, [1], 1) as results,
    ):
        list(results)
