"""Memory over a long folder, and runs that are killed again and again.

Memory is the resident set of the process that `predict_test_images.py` runs in, read from /proc, next to the
photos done. Each killed run gets SIGKILL after a random time; the last one may end, and must leave what an
uninterrupted one does.
"""

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import write_photos
from munet.core.command_line import between, print_table
from munet.core.errors import MunetError
from munet.core.paths import SUITE

SIZE = (480, 640)  # (height, width) of the photos
POLL_SECONDS = 0.5
SHOWN = 8  # points of the memory curve that are printed


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add("weights", type=Path, metavar="MODEL", help="a trained model")
    kills = "times that a run over a tenth as many is killed"
    add("--count", type=between(2, 10**7, int), default=20_000, help="photos of 640x480 for the memory curve")
    add("--kills", type=between(0, 10**4, int), default=20, help=kills)
    add("--seed", type=between(0, 2**31 - 1, int), default=0, help="of the moments of the kills")


def measure(args):
    """The memory curve, and whether a run that was killed `--kills` times ends like one that was not."""
    if not Path("/proc/self/statm").exists():
        raise MunetError("this part reads memory from /proc, which this system lacks; run it on Linux")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        curve = _memory_curve(write_photos(scratch / "long", args.count, SIZE), args.weights, scratch / "out")
        points = [curve[i] for i in np.unique(np.linspace(0, len(curve) - 1, SHOWN).astype(int))]
        print_table(("photos done", "memory, MB"), [(done, f"{memory:.0f}") for done, memory in points])
        killed, same = _killed_and_whole(args, scratch) if args.kills else (0, True)
    ended = "the same files, byte for byte" if same else "OTHER FILES"
    print(f"kills: {killed}; then run to the end: {ended}")
    after = [memory for done, memory in curve if done >= 100] or [curve[-1][1]]
    memory = {"memory_growth_mb": max(after) - after[0], "memory_mb": max(after)}
    return {"images": args.count, "failed": 0 if same else 1, **memory, "kills": killed, "same": same}


def _start(photos, weights, out):
    words = [photos, "--weights", weights, "--out", out, "--no-overlays"]
    command = [sys.executable, SUITE / "predict_test_images.py", *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _memory_curve(photos, weights, out):
    """[(photos done, resident megabytes), ...] over a run."""
    curve, table = [], out / "predictions.csv"
    with _start(photos, weights, out) as process:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            if table.exists():
                done = table.read_bytes().count(b"\n") - 1
                pages = Path(f"/proc/{process.pid}/statm").read_text().split()
                if done > 0 and len(pages) > 1 and int(pages[1]):
                    curve.append((done, int(pages[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6))
    if process.returncode or not curve:
        remedy = "run predict_test_images.py by hand to see why"
        raise MunetError(f"the run ended with exit code {process.returncode}; {remedy}")
    return curve


def _killed_and_whole(args, scratch):
    """How many kills hit a run, and whether its files are those of an uninterrupted one in the end."""
    photos = write_photos(scratch / "short", max(2, args.count // 10), SIZE)
    rng, hits = np.random.default_rng(args.seed), 0
    started = time.monotonic()
    _start(photos, args.weights, scratch / "whole").wait()
    whole = time.monotonic() - started
    for _ in range(args.kills):
        with _start(photos, args.weights, scratch / "killed") as process:
            time.sleep(rng.uniform(0, 2 * whole / args.kills))
            hits += process.poll() is None
            process.send_signal(signal.SIGKILL)
    _start(photos, args.weights, scratch / "killed").wait()
    return hits, _tree(scratch / "killed") == _tree(scratch / "whole")


def _tree(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).digest() for path in files}
