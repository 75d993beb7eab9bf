"""Averages the weights of models trained from one another, to find more on photos unlike those of training.

    python average_weights.py weights/A weights/B --out weights/C --data DATA --split weights/B/split.csv

Where one model was fine-tuned from another, or both from a third, what lies between them in the space of
weights is a good network too, and often a better one (Wortsman et al. 2022, https://arxiv.org/abs/2203.05482;
for fine-tuning on few photos https://arxiv.org/abs/2109.01903). The level is chosen on DATA, where all are
shown: its photos at their own size, with --split only those of the part validation.
"""

import tempfile
from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.core.files import write_bytes
from munet.core.loading import quiet_stderr
from munet.core.messages import counted, failed
from munet.core.run_folders import prepare_run_folder
from munet.data import label_options
from munet.data.splits import read_split
from munet.evaluation.scoring import require_sclera_in, score_samples
from munet.inference.segmenter import Segmenter
from munet.metrics.histograms import best_level
from munet.metrics.table import KEYS
from munet.network.model_files import (
    misplaced,
    model_file,
    read_settings,
    store_level,
    trained_file,
    weights_digest,
)


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    add = parser.add_argument
    models = "run folders or munet.weights.h5 files of one architecture"
    add("weights", nargs="+", type=Path, metavar="MODEL", help=models)
    add("--shares", nargs="+", type=between(0, 1), help="of each in the average (default: equal)")
    add("--out", type=Path, required=True, help="run folder of the average")
    data = "labelled photos to choose the level on, of people that no model was trained on"
    add("--data", type=Path, required=True, help=data)
    add("--split", type=Path, help="split.csv of DATA: only its part validation is used")
    label_options.add_sclera_options(add)
    label_options.add_dataset_options(add)
    add("--overwrite", action="store_true", help="start again in --out")
    args = parser.parse_args(argv)
    label_options.refuse_contradictions(parser, args)
    count = len(args.weights)
    args.shares = args.shares or [1 / count] * count
    if count < 2:
        parser.error("argument MODEL: give at least two")
    if len(args.shares) != count or abs(sum(args.shares) - 1) > 1e-6:
        parser.error(f"argument --shares: found {args.shares}, expected {count} numbers that add up to 1")
    if wrong := misplaced(args.out, [args.data, *args.weights]):
        parser.error(f"argument --out: {wrong}")
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    architecture = common_architecture(args.weights)
    dataset = label_options.find(args)
    for problem in dataset.problems:
        failed(problem)
    samples = read_split(args.split, dataset.samples)["validation"] if args.split else dataset.samples
    made_of = {
        "models": [path.resolve().name if path.is_dir() else path.name for path in args.weights],
        "digests": [weights_digest(path) for path in args.weights],
        "shares": args.shares,
    }
    settings = _settings(args, made_of)
    if not args.overwrite:  # which removes what is there, and so has to wait until there is something better
        prepare_run_folder(args.out, settings, defaults=label_options.DEFAULTS)
    rows, readable = [], samples
    for path in args.weights:
        figures, readable = score(path, readable, args)
        rows.append((shown(path), figures))
    with tempfile.TemporaryDirectory() as scratch:  # --out gets it whole, with its level
        with quiet_stderr():
            kept = {"architecture": architecture, "level": 0, "average": made_of}
            average(args.weights, args.shares, scratch, kept)
        figures, readable = score(scratch, readable, args)
        chosen_on = f"photos of {shown(args.data.resolve().name)} at their own size"
        store_level(scratch, figures["level"], figures["f1"], chosen_on)
        prepare_run_folder(args.out, settings, args.overwrite, defaults=label_options.DEFAULTS)
        write_bytes(model_file(args.out), model_file(scratch).read_bytes())
    _print_figures([*rows, (shown(args.out), figures)])
    bad = len(dataset.problems) + len(samples) - len(readable)
    finish(failed=bad, out=str(args.out), **figures)
    return 1 if bad else 0


def common_architecture(paths):
    """The architecture of models.

    Raises:
        MunetError: they are not of one.
    """
    found = [read_settings(trained_file(path))["architecture"] for path in paths]
    for path, architecture in zip(paths, found, strict=True):
        if architecture != found[0]:
            one, other = (f"{a['decoder']} of {a['size']}x{a['size']}" for a in (architecture, found[0]))
            raise MunetError(
                f"{shown(path)} is a {one}, {shown(paths[0])} a {other}; give models of one kind"
            )
    return found[0]


def _settings(args, made_of):
    """What decides what is written, as JSON values."""
    paths = {"data": args.data, "split": args.split}
    chosen_on = {name: value and str(value.resolve()) for name, value in paths.items()}
    told = {"sclera_value": args.sclera_value, **label_options.as_settings(args)}
    return {"script": "average_weights.py", **made_of, **chosen_on, **told}


def _print_figures(rows):
    print(f"on {counted(rows[-1][1]['images'], 'photo')}, each model at its best level:")
    columns = ("level", *KEYS)
    print_table(("model", *columns), [(name, *(row[key] for key in columns)) for name, row in rows])


def average(paths, shares, out, settings):
    """Saves the weighted mean of all variables of the models, the statistics of BatchNorm among them."""
    from model import load_munet, save_munet

    network, _ = load_munet(paths[0])
    kinds = zip(*(load_munet(path)[0].get_weights() for path in paths), strict=True)
    network.set_weights(
        [sum(share * values for share, values in zip(shares, kind, strict=True)) for kind in kinds]
    )
    save_munet(network, out, settings)


def score(path, samples, args):
    """The figures of a model on labelled photos at the level that is best there, and the photos that could be
    read."""
    scores, readable = score_samples(Segmenter(path, eyes="whole"), samples, args.sclera_value)
    require_sclera_in(scores, shown(args.data))
    return scores.figures(best_level(scores.pooled)), readable


if __name__ == "__main__":
    run(main, resumes=False)
