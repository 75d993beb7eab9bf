#!/usr/bin/env python3
"""What two test runs recorded (`MUNET_TEST_RECORD`): the tests that the first skipped, and whether the second
ran just these.

.ci/check_records.py skipped FIRST            # their ids, a line each
.ci/check_records.py compare FIRST SECOND     # exit 1 where one ran twice, failed, or was skipped in both
"""

import json
import os
import sys
from collections import Counter


def read(path):
    """The recorded tests by id; of one that failed after its call, the failure."""
    with open(path) as file:
        rows = [json.loads(line) for line in file]
    return {row["test"]: row for row in sorted(rows, key=lambda row: row["outcome"] == "failed")}


def ids(tests, outcome):
    """The ids of the tests that ended so."""
    return {test for test, row in tests.items() if row["outcome"] == outcome}


def compare(first, second, real_data):
    """Yields what is wrong, a line a test."""
    for test in sorted(ids(first, "failed") | ids(second, "failed")):
        yield f"failed: {test}"
    for test in sorted(ids(first, "passed") & ids(second, "passed")):
        yield f"ran twice: {test}"
    for test in sorted(ids(first, "skipped") - ids(second, "passed") - ids(second, "failed")):
        reason = second.get(test, first[test])["reason"]
        if real_data or "MUNET_REAL_DATA" not in reason:
            yield f"skipped in both: {test} ({reason})"


def main(argv):
    """The command line; returns the exit code."""
    records = [read(path) for path in argv[1:]]
    if argv[0] == "skipped":
        print("\n".join(sorted(ids(records[0], "skipped"))))
        return 0
    for name, tests in zip(("first", "second"), records, strict=True):
        counts = Counter(row["outcome"] for row in tests.values())
        print(f"{name}: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    wrong = list(compare(*records, "MUNET_REAL_DATA" in os.environ))
    print("\n".join(wrong) if wrong else "every test ran once")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
