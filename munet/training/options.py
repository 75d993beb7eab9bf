"""The command line of training: its flags, what follows from them, and the settings of a run."""

import argparse
import math
from pathlib import Path

from munet.core.command_line import ArgumentParser, between
from munet.core.errors import MunetError, shown
from munet.core.run_folders import folder_settings
from munet.data import label_options
from munet.network.model_files import misplaced, read_settings

SCRIPT = "train_mobv2_unet.py"
DEFAULTS = {"size": 224, "decoder": "unet"}
FEWEST_EPOCHS, FEWEST_STEPS = 60, 200  # of stage 2: a handful of photos is an epoch of one step
_count, _rate = between(1, 10**6, int), between(1e-8, 1)
_epochs = between(0, 10**6, int)
# Not part of what decides the outcome of a run.
_NO_SETTINGS = ("resume", "overwrite", "out", "cache", "skip_bad", "level_started")


def parse(argv, words=None):
    """The command line of training, with what follows from --weights filled in.

    Args:
        argv: list of words; None for those of the process.
        words: what --help shows first.

    Returns:
        A namespace; its `level_started` is the level of the model that --weights names, None without.

    Raises:
        MunetError: nothing to train, a cache in the run folder, no model at --weights, or a run to resume
            that is to have another length.
    """
    parser = ArgumentParser(words)
    _add_run(parser.add_argument)
    _add_data(parser.add_argument_group("data").add_argument)
    _add_network(parser.add_argument_group("network").add_argument)
    _add_training(parser.add_argument_group("training").add_argument)
    args = parser.parse_args(argv)
    if args.resume and not args.overwrite:
        args = _resumed(parser, args, argv)
    if args.data is None:
        parser.error("the following arguments are required: DATA")
    settings = read_settings(args.weights) if args.weights else {"architecture": DEFAULTS, "level": None}
    _refuse_contradictions(parser, args, settings["architecture"]["decoder"])
    _fill_in(args, settings)
    _refuse_bad_values(parser, args)
    return args


def _resumed(parser, args, argv):
    """The command line with what it does not say taken from the run in its folder, if there is one."""
    folder = args.out or (args.data and default_folder(args.data))
    earlier = folder_settings(folder) if folder else {}
    if earlier.get("script") != SCRIPT:
        return args
    known = {name: value for name, value in earlier.items() if name in vars(args)}
    # Of flags that give several values JSON makes lists.
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    parser.set_defaults(**known)
    args = parser.parse_args(argv)
    args.out = folder
    for name in ("epochs_frozen", "epochs_finetune"):
        asked, was = getattr(args, name), earlier.get(name)
        if was is not None and asked != was:
            flag = f"--{name.replace('_', '-')}"
            raise MunetError(
                f"{shown(folder)} is a run of {was} epochs ({flag}), which its learning rate follows, not of "
                f"{asked}; to train on from it: --weights {shown(folder)} {flag} {asked} with another --out"
            )
    return args


def default_folder(data):
    """The run folder of a dataset where none is named."""
    return Path("weights") / (data.resolve().name or "munet")


def _add_run(add):
    add("data", type=Path, metavar="DATA", nargs="?", help="dataset in any known layout")
    add("--out", type=Path, help="run folder (default: weights/NAME of DATA)")
    add("--resume", action="store_true", help="resume the run in --out, with the flags it has")
    add("--overwrite", action="store_true", help="start again in --out")


def _add_data(add):
    label_options.add_sclera_options(add)
    label_options.add_dataset_options(add)
    add("--skip-bad", action="store_true", help="leave out the images that have problems")
    share = "share of the subjects to validate on"
    add("--validation", type=between(0.01, 0.9), default=0.2, help=share)
    share = "share of the subjects to leave out for a later test"
    add("--test", type=between(0, 0.8), default=0.0, help=share)
    add("--split", type=Path, help="split.csv to use instead of drawing one")
    by = "image: for a single subject; flatters the score"
    add("--split-by", choices=("subject", "image"), default="subject", help=by)
    cache = "where decoded images are kept (default: MUNET_CACHE or ~/.cache/munet)"
    add("--cache", type=Path, help=cache)


def _add_network(add):
    encoder, kinds = "where the encoder starts from", "imagenet|none|FILE"
    add("--encoder-weights", default="imagenet", metavar=kinds, help=encoder)
    add("--weights", type=Path, metavar="RUN", help="a trained model to start from instead")
    decoder = "lite: a tenth of the cost (default: unet, or --weights')"
    add("--decoder", choices=("unet", "lite"), help=decoder)
    size = "input height and width, divisible by 32 (default: 224 or --weights')"
    add("--size", type=between(32, 2048, int), help=size)


def _add_training(add):
    add("--loss", choices=("dice", "dice-bce", "tversky"), default="dice", help="see losses.py")
    add("--batch-size", type=between(1, 4096, int), default=8, help="images a step")
    epochs = "epochs of stage 1, the decoder alone (default: 5; 0 with --weights)"
    add("--epochs-frozen", type=_epochs, help=epochs)
    epochs = f"epochs of stage 2, everything (default: {FEWEST_EPOCHS}, or what takes {FEWEST_STEPS} steps)"
    add("--epochs-finetune", type=_epochs, help=epochs)
    add("--rate-frozen", type=_rate, default=2e-3, help="peak learning rate of stage 1")
    rate = "peak learning rate of stage 2 (default: 1e-3; 1e-4 with --weights)"
    add("--rate-finetune", type=_rate, help=rate)
    patience = "epochs without a better F1 that end stage 1"
    add("--patience-frozen", type=_count, default=5, help=patience)
    patience = "the same for stage 2 (default: a third of its epochs, at least 20)"
    add("--patience-finetune", type=_count, help=patience)
    online = "augment while training, differently in each epoch"
    add("--online", action=argparse.BooleanOptionalAction, default=True, help=online)
    add("--mixed-precision", action="store_true", help="float16 on the GPU, with loss scaling")
    teacher = "a trained model whose probabilities are half of the labels"
    add("--teacher", type=Path, metavar="RUN", help=teacher)
    shared = "share each batch among all GPUs (TensorFlow, JAX)"
    add("--data-parallel", action="store_true", help=shared)
    seed = "of split, weights, order, augmentation"
    add("--seed", type=between(0, 2**31 - 1, int), default=42, help=seed)


def _refuse_contradictions(parser, args, decoder):
    if args.weights and args.decoder not in (None, decoder):
        parser.error(f"argument --decoder: {shown(args.weights)} has a decoder of its own, {decoder}")
    if args.weights and args.encoder_weights not in ("imagenet", "none"):
        parser.error("argument --encoder-weights: --weights has an encoder of its own; leave one of them out")
    drawn = args.test or args.split_by != "subject" or args.validation != parser.get_default("validation")
    if args.split and drawn:
        parser.error(
            "argument --split: the file tells who is in which part; leave out --validation, --test and "
            "--split-by"
        )


def _fill_in(args, settings):
    base, args.level_started = settings["architecture"], settings["level"]
    args.size, args.decoder = args.size or base["size"], args.decoder or base["decoder"]
    # A trained network needs no new decoder, and few photos at a high rate cost it what it knows of others.
    args.epochs_frozen = (0 if args.weights else 5) if args.epochs_frozen is None else args.epochs_frozen
    args.rate_finetune = args.rate_finetune or (1e-4 if args.weights else 1e-3)
    args.out = args.out or default_folder(args.data)


def _refuse_bad_values(parser, args):
    label_options.refuse_contradictions(parser, args)
    if args.size % 32:
        parser.error(f"argument --size: {args.size} is not divisible by 32")
    if args.validation + args.test >= 1:
        parser.error("arguments --validation and --test leave nothing to train on")
    encoder = None if args.encoder_weights in ("imagenet", "none") else Path(args.encoder_weights)
    if wrong := misplaced(args.out, filter(None, (args.data, args.weights, args.teacher, encoder))):
        parser.error(f"argument --out: {wrong}")
    if args.epochs_frozen == args.epochs_finetune == 0:
        raise MunetError("--epochs-frozen and --epochs-finetune are both 0: nothing to train")
    if args.cache and args.cache.resolve().is_relative_to(args.out.resolve()):
        raise MunetError(
            f"--cache {shown(args.cache)} is in {shown(args.out)}, which is for what is trained; give a "
            "folder outside"
        )


def set_length(args, images):
    """Fills in epochs and patience of stage 2 where the command line leaves them to the number of images."""
    if args.epochs_finetune is None:
        steps = math.ceil(images / args.batch_size)
        args.epochs_finetune = max(FEWEST_EPOCHS, math.ceil(FEWEST_STEPS / steps))
    args.patience_finetune = args.patience_finetune or max(20, args.epochs_finetune // 3)


def run_settings(args):
    """What decides the outcome of a run, as JSON values; resuming with anything else is refused."""
    values = {name: value for name, value in vars(args).items() if name not in _NO_SETTINGS}
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    for name in ("images", "masks"):  # which may lie below DATA
        if values[name] and (args.data / values[name]).is_dir():
            values[name] = args.data / values[name]
    paths = {name: str(value.resolve()) for name, value in values.items() if isinstance(value, Path)}
    return {"script": SCRIPT, **values, **paths}
