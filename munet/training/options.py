"""The command line of training: its flags, what they decide of one another, and the settings that a run is
known by."""

import argparse
import math
from pathlib import Path

from munet.core.command_line import ArgumentParser, between
from munet.core.errors import shown
from munet.network.model_files import misplaced, read_settings

DEFAULTS = {"size": 224, "decoder": "unet"}
FEWEST_EPOCHS, FEWEST_STEPS = 60, 200  # of stage 2: a handful of photos is an epoch of one step


def options(words):
    """The parser of the command line; `words` are what --help begins with."""
    parser = ArgumentParser(words)
    parser.add_argument("data", type=Path, metavar="DATA", help="dataset in any known layout")
    parser.add_argument("--out", type=Path, help="run folder (default: weights/NAME of DATA)")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the run in --out; repeat its other flags"
    )
    parser.add_argument("--overwrite", action="store_true", help="start afresh in --out")
    data = parser.add_argument_group("data")
    data.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks"
    )
    data.add_argument("--skip-bad", action="store_true", help="go on without the images that have problems")
    data.add_argument(
        "--validation", type=between(0.01, 0.9), default=0.2, help="share of the subjects to validate on"
    )
    data.add_argument(
        "--test",
        type=between(0, 0.8),
        default=0.0,
        help="share of the subjects to leave out for a later test",
    )
    data.add_argument("--split", type=Path, help="split.csv to use instead of drawing one")
    data.add_argument(
        "--split-by",
        choices=("subject", "image"),
        default="subject",
        help="image: for a single subject; flatters the score",
    )
    data.add_argument(
        "--cache", type=Path, help="where decoded images are kept (default: MUNET_CACHE or ~/.cache/munet)"
    )
    network = parser.add_argument_group("network")
    network.add_argument(
        "--encoder-weights",
        default="imagenet",
        metavar="imagenet|none|FILE",
        help="where the encoder starts from",
    )
    network.add_argument("--weights", type=Path, metavar="RUN", help="a trained model to start from instead")
    network.add_argument(
        "--decoder", choices=("unet", "lite"), help="lite: a tenth of the cost (default: unet, or --weights')"
    )
    network.add_argument(
        "--size",
        type=between(32, 2048, int),
        help="input height and width, divisible by 32 (default: 224 or --weights')",
    )
    training = parser.add_argument_group("training")
    training.add_argument(
        "--loss", choices=("dice", "dice-bce", "tversky"), default="dice", help="see losses.py"
    )
    training.add_argument("--batch-size", type=between(1, 4096, int), default=8, help="images a step")
    frozen = "epochs of stage 1, the decoder alone (default: 5; 0 with --weights)"
    training.add_argument("--epochs-frozen", type=between(0, 10**6, int), help=frozen)
    finetune = f"epochs of stage 2, everything (default: {FEWEST_EPOCHS}, or what takes {FEWEST_STEPS} steps)"
    training.add_argument("--epochs-finetune", type=between(0, 10**6, int), help=finetune)
    training.add_argument(
        "--rate-frozen", type=between(1e-8, 1), default=2e-3, help="peak learning rate of stage 1"
    )
    rate = "peak learning rate of stage 2 (default: 1e-3; 1e-4 with --weights)"
    training.add_argument("--rate-finetune", type=between(1e-8, 1), help=rate)
    training.add_argument(
        "--patience-frozen",
        type=between(1, 10**6, int),
        default=5,
        help="epochs without a better F1 that end stage 1",
    )
    patience = "the same for stage 2 (default: a third of its epochs, at least 20)"
    training.add_argument("--patience-finetune", type=between(1, 10**6, int), help=patience)
    training.add_argument(
        "--online",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="augment while training, anew each epoch",
    )
    training.add_argument(
        "--mixed-precision", action="store_true", help="float16 on the GPU, with loss scaling"
    )
    training.add_argument(
        "--teacher",
        type=Path,
        metavar="RUN",
        help="a trained model whose probabilities are half of the labels",
    )
    training.add_argument(
        "--data-parallel", action="store_true", help="share each batch among all GPUs (TensorFlow, JAX)"
    )
    training.add_argument(
        "--seed", type=between(0, 2**31 - 1, int), default=42, help="of split, weights, order, augmentation"
    )
    return parser


def parse(argv, words=None):
    """The command line as a namespace, with what --weights decides filled in, and `level_begun`, the level of
    that model."""
    parser = options(words)
    args = parser.parse_args(argv)
    settings = read_settings(args.weights) if args.weights else {"architecture": DEFAULTS, "level": None}
    begun, args.level_begun = settings["architecture"], settings["level"]
    args.size = args.size or begun["size"]
    if args.weights and args.decoder not in (None, begun["decoder"]):
        parser.error(
            f"argument --decoder: {shown(args.weights)} has a decoder of its own, {begun['decoder']}"
        )
    if args.weights and args.encoder_weights not in ("imagenet", "none"):
        parser.error(
            "argument --encoder-weights: --weights has an encoder of its own; leave one of them away"
        )
    if args.split and (
        args.test or args.validation != parser.get_default("validation") or args.split_by != "subject"
    ):
        parser.error(
            "argument --split: the file tells who is in which part; leave --validation, --test and "
            "--split-by away"
        )
    args.decoder = args.decoder or begun["decoder"]
    # A trained network needs no new decoder, and few photos at a high rate would cost it what it knows of all
    # others.
    args.epochs_frozen = (0 if args.weights else 5) if args.epochs_frozen is None else args.epochs_frozen
    args.rate_finetune = args.rate_finetune or (1e-4 if args.weights else 1e-3)
    if args.size % 32:
        parser.error(f"argument --size: {args.size} is not divisible by 32")
    if args.validation + args.test >= 1:
        parser.error("arguments --validation and --test leave nothing to train on")
    args.out = args.out or Path("weights") / (args.data.resolve().name or "munet")
    encoder = None if args.encoder_weights in ("imagenet", "none") else Path(args.encoder_weights)
    if wrong := misplaced(args.out, filter(None, (args.data, args.weights, args.teacher, encoder))):
        parser.error(f"argument --out: {wrong}")
    return args


def set_length(args, images):
    """Fills in the epochs of stage 2 and its patience, where the command line leaves them to the number of
    images."""
    if args.epochs_finetune is None:
        args.epochs_finetune = max(
            FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / math.ceil(images / args.batch_size))
        )
    args.patience_finetune = args.patience_finetune or max(20, args.epochs_finetune // 3)


def run_settings(args):
    """What decides the outcome of a run, as JSON values; resuming with anything else is refused."""
    ignored = ("resume", "overwrite", "out", "cache", "skip_bad", "level_begun")
    values = {name: value for name, value in vars(args).items() if name not in ignored}
    paths = {name: str(value.resolve()) for name, value in values.items() if isinstance(value, Path)}
    return {"script": "train_mobv2_unet.py", **values, **paths}
