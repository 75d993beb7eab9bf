"""How well a network that has only ever seen drawn eyes segments real ones: scored at inference, from the
saved file.

Training, validation and the choice of the level use drawn eyes alone, through the very scripts that users
run. Each ingredient of the drawings can be left out in turn (`--ablate`) to see what it buys. The network
works at 128x128: there it sees more of a face at once than at 224x224, which does better on close-ups and
worse on hard photos.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from losses import BY_NAME
from munet.core.command_line import between, print_table
from munet.core.errors import MunetError, shown
from munet.core.paths import SUITE
from munet.data.pairing import find_dataset
from munet.evaluation.scoring import score_samples
from munet.inference.segmenter import Segmenter
from munet.synthesis import INGREDIENTS

FIGURES = ("level", "f1", "f1_mean", "precision", "recall")
VALIDATION = 0.1  # share of the drawn people to choose epoch and level on
SUBJECT_IMAGES = 4  # of each drawn person: more people teach more than more photos of each


def add_arguments(parser):
    """Adds this part's flags."""
    add_training_arguments(parser)
    parser.add_argument("--decoder", choices=("unet", "lite"), default="unet", help="of the network")
    parser.add_argument("--size", type=between(32, 2048, int), default=128, help="input height and width")
    parser.add_argument(
        "--seeds",
        type=between(0, 2**31 - 1, int),
        nargs="+",
        default=[0],
        help="of drawings and training; a row for each",
    )
    parser.add_argument(
        "--ablate",
        nargs="*",
        choices=INGREDIENTS,
        help="leave each of these (default: each there is) out in turn",
    )


def add_training_arguments(parser):
    """Adds the flags of whatever trains networks on drawn eyes and scores them on real ones."""
    parser.add_argument(
        "real",
        nargs="+",
        metavar="DATA[=VALUE]",
        help="labelled real photos to score on; VALUE: the masks' sclera class",
    )
    parser.add_argument(
        "--count", type=between(10, 10**7, int), default=6000, help="drawn eyes to train and validate on"
    )
    parser.add_argument(
        "--epochs", type=between(0, 10**6, int), default=12, help="with the encoder, after one without"
    )
    parser.add_argument("--batch-size", type=between(1, 4096, int), default=16, help="images a step")
    parser.add_argument(
        "--loss",
        choices=BY_NAME,
        default="dice-bce",
        help="see losses.py; Dice alone learns little from images without sclera",
    )
    parser.add_argument(
        "--encoder-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="where the encoder starts from",
    )
    parser.add_argument(
        "--without",
        nargs="+",
        choices=INGREDIENTS,
        default=[],
        help="ingredients to leave out of the drawings",
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep drawings and trained networks in this folder"
    )


def measure(args):
    """Trains a network for every seed and every set of ingredients, and scores each on every folder; the
    figures are the first's."""
    require_sizes("--size", [args.size])
    folders = [real_folder(text) for text in args.real]
    left_out = [args.without]
    if args.ablate is not None:
        left_out += [[*args.without, name] for name in args.ablate or INGREDIENTS if name not in args.without]
    scores = []
    with tempfile.TemporaryDirectory() as scratch:
        for without in left_out:
            for seed in args.seeds:
                run = (args.keep or Path(scratch)) / "-".join([str(seed), *without])
                train(args, run, seed, without)
                scores += [
                    {"without": " ".join(without) or "nothing", "seed": seed, **row}
                    for row in score(run, folders)
                ]
                if not args.keep:  # drawings take room
                    shutil.rmtree(run)
    print_table(tuple(scores[0]), [tuple(row.values()) for row in scores])
    first = {name: scores[0][name] for name in FIGURES}
    return first | {
        "images": args.count,
        "failed": 0,
        "scores": scores,
        "out": str(args.keep) if args.keep else None,
    }


def require_sizes(flag, sizes):
    """Raises a MunetError, before hours are spent, where a network cannot have one of these input sizes."""
    for size in sizes:
        if size % 32:
            raise MunetError(f"{flag} must be divisible by 32, and {size} is not")


def real_folder(text):
    """A labelled folder from the command line: (name, samples, sclera value or None)."""
    path, value = path_and_value(text)
    return shown(path.name), find_dataset(path).samples, value


def path_and_value(text):
    """DATA or DATA=VALUE from the command line: (path, sclera value or None)."""
    path, _, value = text.rpartition("=") if "=" in text and not Path(text).exists() else (text, "", "")
    if value and not value.isdigit():
        raise MunetError(
            f"{text}: {value!r} is not a class index; write DATA=1 if the masks hold 1 where there is sclera"
        )
    return Path(path), int(value) if value else None


def train(args, run, seed, without, drawn=None):
    """Draws the eyes and trains on them, both with the scripts; what is already in `run`, or in `drawn`, is
    taken up."""
    drawn, weights = drawn or run / "drawn", run / "weights"
    flags = ["--count", args.count, "--seed", seed, "--images-per-subject", SUBJECT_IMAGES]
    call("synthesize_eyes.py", drawn, *flags, *(["--without", *without] if without else []))
    flags = [
        "--validation",
        VALIDATION,
        "--seed",
        seed,
        "--cache",
        run / "cache",
        "--loss",
        args.loss,
        "--batch-size",
        args.batch_size,
    ]
    flags += [
        "--encoder-weights",
        args.encoder_weights,
        "--epochs-frozen",
        1,
        "--epochs-finetune",
        args.epochs,
        "--size",
        args.size,
    ]
    flags += ["--decoder", args.decoder]
    call("train_mobv2_unet.py", drawn, "--out", weights, *flags, *_resumed(weights))


def _resumed(folder):
    return ["--resume"] if (folder / "settings.json").exists() else []


def call(script, *words):
    """Runs a script of the suite as a user would; raises a MunetError if it fails."""
    if subprocess.run([sys.executable, SUITE / script, *map(str, words)], check=False).returncode:
        raise MunetError(f"{script} failed, as told above")


def score(run, folders):
    """The figures of a trained network on each folder, at the level that was chosen on drawn eyes."""
    segmenter = Segmenter(run / "weights")
    for name, samples, sclera_value in folders:
        figures = score_samples(segmenter, samples, sclera_value)[0].figures(segmenter.level)
        yield {"data": name, "images": figures["images"]} | {key: round(figures[key], 4) for key in FIGURES}
