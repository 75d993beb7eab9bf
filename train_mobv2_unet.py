"""Trains MU-Net on a dataset in two fine-tuning stages and chooses its binarisation level.

    python train_mobv2_unet.py data/MASD --out weights/masd
    python train_mobv2_unet.py data/MASD --out weights/masd --resume          # go on after Ctrl-C or a crash
    python train_mobv2_unet.py data/webcam --sclera-value 1 --out weights/webcam

The dataset's layout is detected, subjects are split into training and validation, images are decoded once
into a cache, the decoder is trained on the frozen encoder, then everything at a lower rate. The epoch with
the best validation F1 at inference is kept; last, the level with the best F1 is chosen on the validation
photos at their own size, through the code that prediction runs; fine-tuning (--weights) keeps its level
unless they clearly favour another. The run folder gets munet.weights.h5, settings.json, split.csv,
history.csv, curves.png, level.png, precision_recall.png and report.html.
"""

from pathlib import Path

from munet.core.command_line import finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.core.files import write_bytes
from munet.core.loading import quiet_stderr
from munet.core.messages import warn
from munet.core.run_folders import prepare_run_folder
from munet.data.pairing import find_dataset
from munet.data.splits import SPLIT_FILE, write_split
from munet.evaluation.scoring import choose_best, require_sclera_in, score_samples
from munet.inference.segmenter import Segmenter
from munet.metrics.table import KEYS
from munet.network.model_files import model_file, read_settings, store_level, weights_digest
from munet.training.options import parse, run_settings, set_length


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv, __doc__)
    if args.epochs_frozen == args.epochs_finetune == 0:
        raise MunetError("--epochs-frozen and --epochs-finetune are both 0: nothing to train")
    if args.cache and args.cache.resolve().is_relative_to(args.out.resolve()):
        raise MunetError(
            f"--cache {shown(args.cache)} is in {shown(args.out)}, which is for what is trained; give a "
            "folder outside"
        )
    dataset = find_dataset(args.data)
    print(dataset.describe())
    with quiet_stderr():
        from munet.network.devices import spread
    with spread(args.data_parallel):
        cache, parts, training_run = train(args, dataset)
    figures = finish_run(args, parts, training_run)
    finish(failed=len(dataset.problems) + len(cache.problems), out=str(args.out), **figures)
    return 1 if dataset.problems or cache.problems else 0


def train(args, dataset):
    """Checks and decodes everything, then trains: the cache, the parts of the split, and the finished
    `trainer.Run`."""
    from munet.data.cache import require_sclera
    from munet.training.data import checked_cache, make_split

    # Before anything is decoded or the folder is claimed: a start that fails loses nothing.
    network = make_network(args)
    teacher = Segmenter(args.teacher) if args.teacher else None
    cache = checked_cache(dataset, args)
    parts = make_split(dataset.samples, cache.samples, args)
    for part in ("train", "validation"):
        require_sclera(cache, parts[part], part)
    set_length(args, len(parts["train"]))
    from munet.training import trainer  # Keras, which it needs, is loaded by now

    continued = prepare_run_folder(args.out, run_settings(args), args.overwrite)
    if args.resume and not continued:
        warn(f"there is no run in {shown(args.out)} to resume: it begins")
    if continued and not args.resume and (args.out / trainer.RESUME_FILE).exists():
        raise MunetError(
            f"{shown(args.out)} already holds this run; go on with --resume or start afresh with --overwrite"
        )
    if continued and not (args.out / trainer.RESUME_FILE).exists() and finished(args.out):
        raise MunetError(
            f"{shown(args.out)} holds this run, finished; start afresh with --overwrite, or give another "
            "--out"
        )
    write_split(args.out / SPLIT_FILE, parts)
    training_run = start(args, network, teacher, dataset, cache, parts)
    training_run.fit()
    return cache, parts, training_run


def finished(folder):
    """Whether the run in a folder came to its end, where the level is chosen."""
    from munet.training import trainer

    return (
        model_file(folder).exists()
        and read_settings(folder).get("level_chosen_on") != trainer.AT_NETWORK_SIZE
    )


def make_network(args):
    """Builds or loads the network; the seed decides the weights that are not loaded."""
    with quiet_stderr():
        import keras

        from model import build_munet, load_munet
        from munet.network.devices import replicas

    keras.utils.set_random_seed(args.seed)
    if args.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_float16")
    if args.batch_size % replicas():
        raise MunetError(
            f"batches of {args.batch_size} cannot be shared evenly by {replicas()} devices; give another "
            "--batch-size"
        )
    return (
        load_munet(args.weights, args.size)[0]
        if args.weights
        else build_munet(args.size, args.decoder, args.encoder_weights)
    )


def start(args, network, teacher, dataset, cache, parts):
    """A `trainer.Run` that is ready to fit, with the state of an earlier one taken up."""
    import keras

    from munet.data.augmentation import Ranges
    from munet.network import devices
    from munet.training import trainer
    from munet.training.stages import Stage

    stages = [
        Stage("frozen", False, args.epochs_frozen, args.rate_frozen, args.patience_frozen),
        Stage("finetune", True, args.epochs_finetune, args.rate_finetune, args.patience_finetune),
    ]
    stages = [stage for stage in stages if stage.epochs]
    index = {sample.name: i for i, sample in enumerate(cache.samples)}
    train, validation = ([index[sample.name] for sample in parts[part]] for part in ("train", "validation"))
    # The model may be shared, and where files lie on this machine need not.
    paths = ("data", "weights", "teacher", "split", "encoder_weights")
    names = {name: Path(value).name for name, value in vars(args).items() if name in paths and value}
    settings = {
        "architecture": {"size": args.size, "decoder": args.decoder},
        "data": {
            "name": dataset.root.name,
            "layout": dataset.layout,
            "train": len(train),
            "validation": len(validation),
        },
        "training": run_settings(args) | names,
    }
    ranges = Ranges() if args.online else None
    how = (args.loss, args.batch_size, args.seed, ranges, bool(args.weights), teacher)
    training_run = trainer.Run(network, cache, train, validation, args.out, settings, stages, *how)
    done = f", resumed after {len(training_run.state.history)} epochs" if training_run.resume() else ""
    keras_is = f"Keras {keras.__version__} on {keras.backend.backend()}, device {devices.device()}"
    print(f"{network.count_params():,} parameters, {keras_is}{done}", flush=True)
    return training_run


def finish_run(args, parts, training_run):
    """Chooses the level, stores it in the saved file, scores the test part if there is one, and draws the
    figures."""
    with quiet_stderr():
        import keras

        from munet.training import report
        from munet.training.trainer import START_FILE

    keras.mixed_precision.set_global_policy("float32")
    start_file = args.out / START_FILE
    # The weights that were trained, on the device that trained them, and what they began with.
    segmenters = [Segmenter(path, runtime="keras") for path in (args.out, start_file) if path.exists()]
    best, level, scores, scored = choose_best(
        segmenters, parts["validation"], args.sclera_value, args.level_begun
    )
    require_sclera_in(scores, "the validation part")
    scores = scores.at(level)
    if best:
        print(
            "no epoch is better than the network that it began with on photos at their own size: that is kept"
        )
        write_bytes(model_file(args.out), start_file.read_bytes())
    history = training_run.state.history
    epoch = None if best or _as_begun(args) else max(range(len(history)), key=lambda i: history[i]["val_f1"])
    segmenter, figures = segmenters[best], scores.figures()
    store_level(args.out, level, figures["f1"], "validation images at their own size")
    rows = [("validation", *(figures[name] for name in KEYS))]
    if parts["test"]:
        test = score_samples(segmenter, parts["test"], args.sclera_value)[0].figures(level)
        rows.append(("test", *(test[name] for name in KEYS)))
        figures["test"] = {name: round(test[name], 6) for name in ("images", "empty", *KEYS)}
    print(f"at inference from the saved file, photos at their own size, level {level}:")
    print_table(("", *KEYS), rows)
    report.write(args.out, scores, scored, (history, epoch), segmenter, args.sclera_value)
    start_file.unlink(missing_ok=True)
    return figures


def _as_begun(args):
    """Whether the model that is kept is the one that training began with."""
    return bool(args.weights) and weights_digest(args.out) == weights_digest(args.weights)


if __name__ == "__main__":
    run(main, again="the same command with --resume")
