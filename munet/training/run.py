"""A training run, from the command line's arguments to a finished run folder."""

from pathlib import Path

import keras

from model import build_munet, load_munet
from munet.core.errors import MunetError, shown
from munet.core.messages import counted, warn
from munet.core.run_folders import prepare_run_folder
from munet.data import label_options
from munet.data.augmentation import Ranges
from munet.data.cache import require_sclera
from munet.data.splits import SPLIT_FILE, write_split
from munet.inference.segmenter import Segmenter
from munet.network import devices
from munet.network.model_files import model_file, read_settings
from munet.training.data import checked_cache, make_split
from munet.training.options import run_settings, set_length
from munet.training.outcome import conclude
from munet.training.resume import RESUME_FILE
from munet.training.stages import Stage
from munet.training.trainer import AT_NETWORK_SIZE, Trainer

_NAMED_BY_PATH = ("data", "images", "masks", "weights", "teacher", "split", "encoder_weights")


def train(args, dataset):
    """Checks and decodes everything, trains, chooses the level, and fills the run folder.

    Args:
        args: the command line, see `options.parse`.
        dataset: a `pairing.Dataset`.

    Returns:
        (figures, failed): a dict of what the model scores, and how many inputs had problems.

    Raises:
        MunetError: nothing to train on, or a run folder that cannot be used.
    """
    with devices.data_parallel(args.data_parallel):
        # Before anything is decoded or the folder is prepared: a start that fails loses nothing.
        network = make_network(args)
        teacher = Segmenter(args.teacher, eyes="whole") if args.teacher else None
        cache = checked_cache(dataset, args)
        parts = make_split(dataset.samples, cache.samples, args)
        for part in ("train", "validation"):
            require_sclera(cache, parts[part], part)
        set_length(args, len(parts["train"]))
        _prepare_folder(args, parts)
        trainer = make_trainer(args, network, teacher, dataset, cache, parts)
        trainer.fit()
    return conclude(args, parts, trainer.state.history), len(dataset.problems) + len(cache.problems)


def make_network(args):
    """Builds or loads the network that a command line asks for; the seed decides the weights not loaded.

    Raises:
        MunetError: batches that the devices cannot share, or what `build_munet` and `load_munet` raise.
    """
    keras.utils.set_random_seed(args.seed)
    if args.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_float16")
    if args.batch_size % devices.replicas():
        raise MunetError(
            f"batches of {args.batch_size} cannot be shared evenly by {devices.replicas()} devices; give "
            "another --batch-size"
        )
    if args.weights:
        return load_munet(args.weights, args.size)[0]
    return build_munet(args.size, args.decoder, args.encoder_weights)


def _prepare_folder(args, parts):
    """Makes the run folder ready, with its split, unless it holds a run that was not asked for."""
    there = prepare_run_folder(args.out, run_settings(args), args.overwrite, defaults=label_options.DEFAULTS)
    if args.resume and not there:
        warn(f"there is no run in {shown(args.out)} to resume; a new one starts")
    resumable = (args.out / RESUME_FILE).exists()
    if there and resumable and not args.resume:
        raise MunetError(
            f"{shown(args.out)} already holds this run; resume it with --resume, or start again with "
            "--overwrite"
        )
    if there and not resumable and _is_finished(args.out):
        raise MunetError(
            f"{shown(args.out)} holds this run, finished; start again with --overwrite, or give another --out"
        )
    write_split(args.out / SPLIT_FILE, parts)


def _is_finished(folder):
    """Whether the run in a folder came to its end, where the level is chosen."""
    if not model_file(folder).exists():
        return False
    return read_settings(folder).get("level_chosen_on") != AT_NETWORK_SIZE


def make_trainer(args, network, teacher, dataset, cache, parts):
    """A `Trainer` that is ready to fit, with the state of an earlier run taken up, and a line about it."""
    index = {sample.name: i for i, sample in enumerate(cache.samples)}
    train, validation = ([index[sample.name] for sample in parts[part]] for part in ("train", "validation"))
    data = {"name": dataset.root.name, "layout": dataset.layout}
    trainer = Trainer(
        network,
        cache,
        train,
        validation,
        args.out,
        {
            "architecture": {"size": args.size, "decoder": args.decoder},
            "data": {**data, "train": len(train), "validation": len(validation)},
            "training": _public_settings(args),
        },
        _stages(args),
        loss=args.loss,
        batch_size=args.batch_size,
        seed=args.seed,
        ranges=Ranges() if args.online else None,
        trained=bool(args.weights),
        teacher=teacher,
    )
    done = f", resumed after {counted(len(trainer.state.history), 'epoch')}" if trainer.resume() else ""
    keras_is = f"Keras {keras.__version__} on {keras.backend.backend()}, device {devices.device()}"
    print(f"{network.count_params():,} parameters, {keras_is}{done}", flush=True)
    return trainer


def _stages(args):
    stages = (
        Stage("frozen", False, args.epochs_frozen, args.rate_frozen, args.patience_frozen),
        Stage("finetune", True, args.epochs_finetune, args.rate_finetune, args.patience_finetune),
    )
    return [stage for stage in stages if stage.epochs]


def _public_settings(args):
    """A run's settings without folders: a model may be shared, and where files lie here is private."""
    paths = {name: value for name, value in vars(args).items() if name in _NAMED_BY_PATH and value}
    return run_settings(args) | {name: Path(value).name for name, value in paths.items()}
