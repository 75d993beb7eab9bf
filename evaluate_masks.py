"""Scores saved predictions against ground truth: figures with intervals, tables by group, a page to look at.

    python evaluate_masks.py results/NAME GT                # report.html, metrics.json, ... into results/NAME
    python evaluate_masks.py results/NAME GT --groups labels.csv --by skin_tone gaze
    python evaluate_masks.py FOLDER GT --out results/scores    # masks (1-bit, RGB) or maps of any network
    python evaluate_masks.py results/NAME GT --split weights/NAME/split.csv --part test
    python evaluate_masks.py results/A results/B GT --out results/comparison   # ranked: intervals, p-values
    python evaluate_masks.py results/NAME GT --protocol ssbc2020        # as that competition's toolkit scores
    python evaluate_masks.py GT --export-gt DIR                # masks as the competitions' toolkits want them

Scored are the saved masks; curves, areas and calibration come from the grey maps. What has no partner,
another size or greys in a mask is listed before anything is scored; `--allow-missing` scores the rest and
says how many are missing.
"""

import os
from pathlib import Path

from munet.core.command_line import ArgumentParser, between, finish, print_table, run
from munet.core.errors import MunetError, shown
from munet.core.messages import warn
from munet.data.attributes import read_table, tell_people
from munet.data.parts import without_parts
from munet.data.splits import PARTS, read_part
from munet.evaluation import comparison, protocols, results, tables
from munet.evaluation.examples import CaseReader
from munet.evaluation.leaks import warn_of_training_photos
from munet.evaluation.truth_export import export_truth
from munet.images.masks import check_class
from munet.metrics.table import KEYS, MAP_KEYS

GROUPS_PRINTED, PHOTOS_PRINTED = 6, 3


def parse(argv):
    """The command line as a namespace."""
    parser = ArgumentParser(__doc__)
    add, level = parser.add_argument, between(0, 255, int)
    folders = "results folders, then a dataset or a folder of masks"
    add("paths", type=Path, nargs="+", metavar="RESULTS... GT", help=folders)
    names = ("native", *protocols.BY_NAME)
    add("--protocol", choices=names, default="native", help="see protocols.py for what each does")
    table = "a column named image, and attributes to make tables by"
    add("--groups", type=Path, metavar="CSV", help=table)
    by = "the attributes to make tables by (default: all that split the photos)"
    add("--by", nargs="+", metavar="ATTRIBUTE", help=by)
    images = "the photos, to show examples on (default: those of GT, where it has them)"
    add("--images", type=Path, help=images)
    add("--level", type=level, help="score the maps cut at this level, not the saved masks")
    add("--sclera-value", type=level, help="class index of the sclera in the masks")
    split = "score the photos of one part of a split.csv alone"
    add("--split", type=Path, metavar="FILE", help=split)
    add("--part", choices=PARTS, help="the part of --split (default: test)")
    model = "the model of RESULTS, to warn of photos it was trained on (default: found by name in weights/)"
    add("--weights", type=Path, help=model)
    missing = "score what can be scored, and say how much cannot"
    add("--allow-missing", action="store_true", help=missing)
    add("--out", type=Path, help="output folder (default: RESULTS; needed for several)")
    flat = "write the masks of GT, 1-bit and in one flat folder"
    add("--export-gt", type=Path, metavar="DIR", help=flat)
    add("--seed", type=between(0, 2**31 - 1, int), default=0, help="of bootstrap and folds")
    add("--workers", type=between(1, 1024, int), default=os.cpu_count(), help="processes")
    args = parser.parse_args(argv)
    *args.results, args.truth = args.paths
    if not args.results and not args.export_gt:
        parser.error("give a results folder and the ground truth")
    if len(args.results) > 1 and not args.out:
        parser.error("give --out for the comparison of several results folders")
    args.out = args.out or (args.results[0] if args.results else args.export_gt)
    if args.out.is_file():
        parser.error(f"argument --out: {shown(args.out)} is a file; give a folder")
    if args.part and not args.split:
        parser.error("argument --part: give --split FILE, too")
    args.protocol = None if args.protocol == "native" else args.protocol
    return args


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    if args.export_gt:
        written, damaged = export_truth(args.truth, args.export_gt, args.sclera_value)
        print(f"masks in {shown(args.export_gt)}: {written}")
        if not args.results:
            finish(images=written, failed=damaged, out=str(args.export_gt))
            return 1 if damaged else 0
    table = read_table(args.groups) if args.groups else None
    args.kept = read_part(args.split, args.part or "test") if args.split else None
    models = plan(table, args)  # before one is scored
    reader = open_reader(models, table, args)
    for model in models:
        score(model, table, args)
        print_figures(model)
        write_files(model, reader, args)
    if len(models) > 1:
        compare(models, reader, args)
    missing = sum(len(model.missing) for model in models)
    best = max(models, key=lambda model: model.figures["f1"]).figures
    told = {key: best[key] for key in ("images", "empty", "level", "best_level", "best_f1", *KEYS)}
    finish(**told, failed=missing, intervals=best["intervals"], out=str(args.out))
    return 1 if missing else 0


def plan(table, args):
    """A `results.Evaluation` of each results folder; refused where one cannot be scored as asked, or they
    cannot be compared."""
    names = [results.name_of(path) for path in args.results]
    if len(set(names)) < len(names):
        raise MunetError(f"two results folders have one name ({', '.join(names)}); rename one")
    models = []
    for path, name in zip(args.results, names, strict=True):
        out = args.out / name if len(names) > 1 else args.out
        how = args.level, table, args.by, args.allow_missing, args.kept
        models.append(results.plan(path, args.truth, out, *how))
    if not set.intersection(*({case.name for case in model.cases} for model in models)):
        raise MunetError(
            f"{', '.join(names)} have no photo in common; compare what was predicted of the same photos"
        )
    return models


def open_reader(models, table, args):
    """What reads the photos to show, after warnings of what the figures and examples will lack."""
    cases = [case for model in models for case in model.cases]
    check_class((case.truth for case in models[0].cases), args.sclera_value, shown(args.truth))
    if not tell_people(without_parts([case.name for case in models[0].cases]), table):
        warn(
            "no subject labels: each photo is its own subject, and intervals will be too narrow; add a "
            "`subject` column to the table of --groups"
        )
    for model in models:
        names = [case.name for case in model.cases]
        warn_of_training_photos(model.results, names, args.truth, args.images, args.weights)
    reader = CaseReader(args.images, args.truth, args.sclera_value)
    if args.images and not any(map(reader.photo_of, cases)):
        warn(
            f"no photo in {shown(args.images)} is named like one that is scored: examples are shown without "
            "photos"
        )
    return reader


def score(model, table, args):
    """Scores a `results.Evaluation` and works out its figures."""
    results.score(
        model, args.protocol, args.sclera_value, args.seed, args.workers, allow_missing=args.allow_missing
    )
    results.summarise(model, table, args.by, args.seed)


def print_figures(model):
    """Prints the figures of a `results.Evaluation`."""
    figures, spread = model.figures, model.figures["intervals"]
    photos, subjects = figures["images"], figures["subjects"]
    masks = f"masks at level {model.scores.level}" if model.maps else "masks without maps"
    print(f"{model.name}: {photos} photos of {subjects} subjects, {masks}")
    keys = [key for key in KEYS if model.maps or key not in MAP_KEYS]
    rows = [("", *(figures[key] for key in keys))]
    if spread:
        rows.append(("95 %", *("{:.4f} to {:.4f}".format(*spread[key]) for key in keys)))
    print_table(("", *keys), rows)
    if figures["empty"]:
        some = figures["empty"] < figures["images"]
        others = f"; mean F1 of the others {figures['f1_sclera']:.4f}" if some else ""
        print(f"photos without sclera: {figures['empty']}, found empty: {figures['empty_clean']}{others}")
    print(f"boundary F1 {figures['boundary_f1']:.4f}, {tables.distance_text(figures)}")
    if model.maps:
        print(tables.calibration_text(figures))
        best, oracle = figures["best_level"], "an oracle, it has seen these labels"
        print(f"best level {best} would give F1 {figures['best_f1']:.4f}: {oracle}")
    for attribute, found in list(model.groups.items())[:GROUPS_PRINTED]:
        best, worst = (f"{row['group']} {row['f1']:.4f}" for row in (found["groups"][0], found["groups"][-1]))
        print(f"by {attribute}: {best} to {worst}, gap {found['gap']:.4f}")
    if model.protocol:
        print_table(*tables.protocol_table(model.protocol))


def write_files(model, reader, args):
    """Writes the files of a `results.Evaluation` and prints the path of its page."""
    from munet.evaluation import outputs  # matplotlib, which no worker needs

    print(f"  {shown(outputs.write_files(model, args.truth, reader, args.protocol))}")


def compare(models, reader, args):
    """Ranks several models and writes their page: differences to the best, paired by subject."""
    from munet.evaluation import outputs

    compared = comparison.compare(models, args.seed)
    print_table(comparison.HEADER, compared.rows())
    for sentence in compared.sentences():
        print(sentence)
    first = compared.ranked[0]
    for model in compared.ranked[1:]:
        if most := comparison.differing_photos(first, model, PHOTOS_PRINTED):
            rows = ", ".join(f"{shown(r['image'])} {r['first']:.3f} and {r['second']:.3f}" for r in most)
            print(f"F1 of {first.name} and {model.name} differs most in: {rows}")
    if len({frozenset(model.scores.names) for model in models}) > 1:
        common = min(row["images"] for row in compared.behind)
        warn(f"not all models have the same photos: differences are of those in common, {common} or more")
    print(f"  {shown(outputs.write_comparison(args.out, compared, reader))}")


if __name__ == "__main__":
    run(main, resumes=False)
