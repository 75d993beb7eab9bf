"""How well a network that has only seen synthetic eyes segments real ones, scored from the saved file.

Training, validation and the choice of the level use synthetic eyes alone, through the scripts that users run.
`--ablate` leaves out each ingredient of the eyes in turn, to see what it is worth. The network works at
128x128: there it sees more of a face at once than at 224x224, which does better on close-ups and worse on
hard photos.
"""

import shutil
import tempfile
from pathlib import Path

from benchmarks import call
from losses import BY_NAME
from munet.core.command_line import between, print_table
from munet.core.errors import MunetError, shown
from munet.data.pairing import find_dataset
from munet.evaluation.scoring import score_samples
from munet.inference.segmenter import Segmenter
from munet.synthesis import INGREDIENTS

FIGURES = ("level", "f1", "f1_mean", "precision", "recall")
VALIDATION = 0.1  # share of the synthetic people to choose epoch and level on
SUBJECT_IMAGES = 4  # of each synthetic person: more people teach more than more photos of each
EYES = "drawn"  # the folder of the synthetic eyes in a kept run


def add_arguments(parser):
    """Adds this part's flags."""
    add = parser.add_argument
    add_training_arguments(parser)
    add("--decoder", choices=("unet", "lite"), default="unet", help="of the network")
    add("--size", type=between(32, 2048, int), default=128, help="input height and width")
    seeds = {"type": between(0, 2**31 - 1, int), "nargs": "+", "default": [0]}
    add("--seeds", **seeds, help="of eyes and training; a row for each")
    ablate = "leave each of these (default: each there is) out in turn"
    add("--ablate", nargs="*", choices=INGREDIENTS, help=ablate)


def add_training_arguments(parser):
    """Adds the flags of a part that trains networks on synthetic eyes and scores them on real ones."""
    add = parser.add_argument
    real = "labelled real photos to score on; VALUE: the masks' sclera class"
    loss = "see losses.py; Dice alone learns little from images without sclera"
    encoder = {"default": "imagenet", "metavar": "imagenet|none|FILE"}
    without = {"nargs": "+", "choices": INGREDIENTS, "default": []}
    add("real", nargs="+", metavar="DATA[=VALUE]", help=real)
    add("--count", type=between(10, 10**7, int), default=6000, help="synthetic eyes to train and validate on")
    add("--epochs", type=between(0, 10**6, int), default=12, help="with the encoder, after one without")
    add("--batch-size", type=between(1, 4096, int), default=16, help="images per step")
    add("--loss", choices=BY_NAME, default="dice-bce", help=loss)
    add("--encoder-weights", **encoder, help="where the encoder starts from")
    add("--without", **without, help="ingredients to leave out of the eyes")
    add("--keep", type=Path, metavar="DIR", help="keep eyes and trained networks in this folder")


def measure(args):
    """Trains a network per seed and set of ingredients, and scores it on every folder.

    The figures are the first one's.
    """
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
                key = {"without": " ".join(without) or "nothing", "seed": seed}
                scores += [key | row for row in score(run, folders)]
                if not args.keep:  # eyes take room
                    shutil.rmtree(run)
    print_table(tuple(scores[0]), [tuple(row.values()) for row in scores])
    first, out = {name: scores[0][name] for name in FIGURES}, str(args.keep) if args.keep else None
    return first | {"images": args.count, "failed": 0, "scores": scores, "out": out}


def require_sizes(flag, sizes):
    """Raises a MunetError, before hours are spent, if a network cannot have one of these input sizes."""
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
        remedy = "write DATA=1 if the masks hold 1 where there is sclera"
        raise MunetError(f"{text}: {value!r} is not a class index; {remedy}")
    return Path(path), int(value) if value else None


def train(args, run, seed, without, eyes=None):
    """Renders eyes and trains on them, both with the scripts; resumes what is in `run`, or in `eyes`."""
    eyes, weights = eyes or run / EYES, run / "weights"
    people = {"seed": seed, "images_per_subject": SUBJECT_IMAGES, "without": list(without) or None}
    call("synthesize_eyes.py", eyes, count=args.count, **people)
    resumed = ["--resume"] if (weights / "settings.json").exists() else []
    call(
        "train_mobv2_unet.py",
        eyes,
        *resumed,
        out=weights,
        validation=VALIDATION,
        seed=seed,
        cache=run / "cache",
        loss=args.loss,
        batch_size=args.batch_size,
        encoder_weights=args.encoder_weights,
        epochs_frozen=1,
        epochs_finetune=args.epochs,
        size=args.size,
        decoder=args.decoder,
    )


def score(run, folders):
    """The figures of a trained network on each folder, at the level that was chosen on synthetic eyes."""
    segmenter = Segmenter(run / "weights", eyes="whole")
    for name, samples, sclera_value in folders:
        figures = score_samples(segmenter, samples, sclera_value)[0].figures(segmenter.level)
        yield {"data": name, "images": figures["images"]} | {key: round(figures[key], 4) for key in FIGURES}
