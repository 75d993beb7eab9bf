"""What each decoder costs and finds at each input size: trained alike on synthetic eyes.

Costs are multiply-adds and parameters of the network, the size of its `.tflite` file, and milliseconds of
LiteRT on one thread, the networks taking turns. Each is trained as `benchmark.py realism` trains, on the same
synthetic eyes, and scored on synthetic and real ones.
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks import image_times, realism
from model import load_munet, multiply_adds
from munet.core.command_line import between, print_table
from munet.core.paths import SUITE
from munet.inference.conversion import converted
from munet.inference.segmenter import Segmenter
from munet.network.model_files import read_settings

COLUMNS = ("decoder", "size", "million multiply-adds", "parameters", "kB", "ms")
SYNTHETIC = "drawn F1"  # its key in the last line of JSON


def add_arguments(parser):
    """Adds this part's flags: how all are trained, and what to compare."""
    add = parser.add_argument
    realism.add_training_arguments(parser)
    add("--seed", type=between(0, 2**31 - 1, int), default=0, help="of eyes and training")
    add("--decoders", nargs="+", choices=("unet", "lite"), default=["unet", "lite"], help="to compare")
    sizes = {"nargs": "+", "type": between(32, 2048, int), "default": [128, 160, 192, 224]}
    add("--sizes", **sizes, help="inputs to compare them at")
    add("--rounds", type=between(1, 10**4, int), default=100, help="images that each is timed on")


def measure(args):
    """Prints a row per network; the figures are the first one's."""
    realism.require_sizes("--sizes", args.sizes)
    folders = [realism.real_folder(text) for text in args.real]
    with tempfile.TemporaryDirectory(dir=SUITE / "results") as scratch:
        kept = args.keep or Path(scratch)
        keys = [(decoder, size) for decoder in args.decoders for size in args.sizes]
        runs = {(decoder, size): kept / f"{decoder}-{size}" for decoder, size in keys}
        for (args.decoder, args.size), run in runs.items():
            realism.train(args, run, args.seed, args.without, kept / realism.EYES)
        files = {key: converted(run / "weights", "litert") for key, run in runs.items()}
        times = image_times(
            [(key, Segmenter(file, eyes="whole")) for key, file in files.items()], args.rounds
        )
        rows = [_row(key, runs[key], files[key], times[key], folders) for key in runs]
        if not args.keep:
            shutil.rmtree(kept / realism.EYES)
    names = [name for name, *_ in folders]
    print_table((*COLUMNS, "synthetic F1", *(f"{name} F1" for name in names)), rows)
    table = [dict(zip((*COLUMNS, SYNTHETIC, *names), row, strict=True)) for row in rows]
    return {"images": args.count, "failed": 0, "f1": table[0][SYNTHETIC], "networks": table}


def _row(key, run, file, milliseconds, folders):
    network, _ = load_munet(run / "weights")
    real = [row["f1"] for row in realism.score(run, folders)]
    million, kilobytes = multiply_adds(network) / 1e6, file.stat().st_size / 1000
    costs = (round(million, 1), network.count_params(), round(kilobytes), round(milliseconds[0], 2))
    return (*key, *costs, read_settings(run / "weights")["f1"], *real)
