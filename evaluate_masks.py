"""Scores saved predictions against ground truth: figures with intervals, tables by group, a page to look at.

    python evaluate_masks.py results/NAME GT                # report.html, metrics.json, ... into results/NAME
    python evaluate_masks.py results/NAME GT --groups labels.csv --by skin_tone gaze
    python evaluate_masks.py results/A results/B GT --out results/comparison   # ranked, with paired intervals
    python evaluate_masks.py results/NAME GT --protocol ssbc2020        # as that competition's toolkit scores
    python evaluate_masks.py GT --export-gt DIR                # masks as the competitions' toolkits want them

Scored are the saved masks; curves, areas and calibration come from the grey maps. What has no partner,
another size or greys in a mask is listed before anything is scored; `--allow-missing` scores the rest and
says how many are missing.
"""

import math
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from munet.core.console import (
    ArgumentParser,
    BadInput,
    MunetError,
    between,
    failed,
    finish,
    print_problems,
    print_table,
    progress,
    run,
    shown,
    warn,
)
from munet.core.files import write_bytes, write_json
from munet.core.run_folders import folder_settings
from munet.data.attributes import group_columns, not_told, read_table, subjects, tell_people
from munet.evaluation import protocols, summaries, tables
from munet.evaluation.accumulator import FIGURES
from munet.evaluation.examples import Painter, examples
from munet.evaluation.page import comparison_page, evaluation_page, facts_of
from munet.evaluation.scoring import Scores, find_cases, score_cases
from munet.images.masks import check_class
from munet.metrics.histograms import confusion

GROUPS_PRINTED = 6


def parse(argv):
    """The command line."""
    parser = ArgumentParser(__doc__)
    parser.add_argument(
        "paths",
        type=Path,
        nargs="+",
        metavar="RESULTS... GT",
        help="results folders, then a dataset or a folder of masks",
    )
    parser.add_argument(
        "--protocol",
        choices=("native", *protocols.BY_NAME),
        default="native",
        help="see protocols.py for what each does",
    )
    parser.add_argument(
        "--groups", type=Path, metavar="CSV", help="a column named image, and attributes to make tables by"
    )
    parser.add_argument(
        "--by",
        nargs="+",
        metavar="ATTRIBUTE",
        help="the attributes to make tables by (default: all that split the photos)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        help="the photos, to show examples on (default: those of GT, where it has them)",
    )
    parser.add_argument(
        "--level", type=between(0, 255, int), help="score the maps cut at this level, not the saved masks"
    )
    parser.add_argument(
        "--sclera-value", type=between(0, 255, int), help="class index of the sclera in the masks"
    )
    parser.add_argument(
        "--allow-missing", action="store_true", help="score what can be scored, and say how much cannot"
    )
    parser.add_argument("--out", type=Path, help="output folder (default: RESULTS; needed for several)")
    parser.add_argument(
        "--export-gt", type=Path, metavar="DIR", help="write the masks of GT, 1-bit and in one flat folder"
    )
    parser.add_argument("--seed", type=between(0, 2**31 - 1, int), default=0, help="of bootstrap and folds")
    parser.add_argument("--workers", type=between(1, 1024, int), default=os.cpu_count(), help="processes")
    args = parser.parse_args(argv)
    *args.results, args.truth = args.paths
    if not args.results and not args.export_gt:
        parser.error("give a results folder and the ground truth")
    if len(args.results) > 1 and not args.out:
        parser.error("give --out for the comparison of several results folders")
    args.out = args.out or (args.results[0] if args.results else args.export_gt)
    if args.out.is_file():
        parser.error(f"argument --out: {shown(args.out)} is a file; give a folder")
    return args


@dataclass
class Model:
    """What was found of one results folder."""

    name: str
    results: Path
    out: Path
    cases: list
    missing: list
    scores: Scores
    figures: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    protocol: list = field(default_factory=list)


def main(argv):
    """The command line; returns the exit code."""
    args = parse(argv)
    if args.export_gt:
        written, damaged = protocols.export_truth(args.truth, args.export_gt, args.sclera_value)
        if not args.results:
            finish(images=written, failed=damaged, out=str(args.export_gt))
            return 1 if damaged else 0
    table = read_table(args.groups) if args.groups else None
    names = [shown(path.resolve().name) for path in args.results]
    if len(set(names)) < len(names):
        raise MunetError(f"two results folders have one name ({', '.join(names)}); rename one")
    # before one is scored
    models = [plan(path, name, table, args) for path, name in zip(args.results, names, strict=True)]
    if not set.intersection(*({case.name for case in model.cases} for model in models)):
        raise MunetError(
            f"{', '.join(names)} have no photo in common; compare what was predicted of the same photos"
        )
    cases = models[0].cases
    check_class((case.truth for case in cases), args.sclera_value, shown(args.truth))
    if not tell_people([case.name for case in cases], table):
        warn(
            "every photo counts as a person of its own, also for the intervals; a column named subject in "
            "--groups tells whose they are"
        )
    paint = Painter(args.images, args.truth, args.sclera_value)
    if args.images and not any(paint.photo_of(case) for model in models for case in model.cases):
        warn(
            f"no photo in {shown(args.images)} is named like one that is scored: examples are shown without "
            "photos"
        )
    for model in models:
        score(model, args)
        describe(model, table, paint, args)
    if len(models) > 1:
        compare(models, args)
    missing = sum(len(model.missing) for model in models)
    best = max(models, key=lambda model: model.figures["f1"]).figures
    shown_figures = {
        key: best[key] for key in ("images", "empty", "level", "best_level", "best_f1", *FIGURES)
    }
    finish(**shown_figures, failed=missing, intervals=best["intervals"], out=str(args.out))
    return 1 if missing else 0


def plan(results, name, table, args):
    """A `Model` of a results folder without its scores; refused where it cannot be scored as asked, or lacks
    anything, unless allowed."""
    cases, missing = find_cases(results, args.truth)
    refuse_or_name(missing, results, args)
    if not cases:
        raise MunetError(f"nothing in {shown(results)} can be scored against {shown(args.truth)}")
    level = folder_settings(results).get("level") if args.level is None else args.level
    if level is None:
        raise MunetError(f"{shown(results)} does not tell the level its masks were cut at; give --level")
    if args.level is not None:
        cases = [case.cut() for case in cases]
    names = [case.name for case in cases]
    group_columns(names, table, args.by)  # for what it refuses
    cases = [
        replace(case, subject=subject) for case, subject in zip(cases, subjects(names, table), strict=True)
    ]
    return Model(
        name, results, args.out / name if len(args.results) > 1 else args.out, cases, missing, Scores(level)
    )


def refuse_or_name(problems, results, args):
    """Lists problems and raises a MunetError; with --allow-missing it names them on stderr and goes on."""
    if problems and not args.allow_missing:
        print_problems(problems)
        raise MunetError(
            f"problems in {shown(results)}: {len(problems)}, listed above; mend them, or give "
            "--allow-missing to score the rest"
        )
    for problem in problems:
        failed(problem)


def score(model, args):
    """Scores the cases of a `Model`, which keeps those that could be."""
    cases, level, scores = model.cases, model.scores.level, model.scores
    protocol = (
        protocols.BY_NAME[args.protocol]([case.name for case in cases], args.seed)
        if args.protocol != "native"
        else None
    )
    other, scored, late = 0, [], []
    with score_cases(
        cases, level, args.sclera_value, protocols.SIZES.get(args.protocol), args.workers
    ) as rows:
        for index, row in enumerate(progress(rows, len(cases), model.name)):
            if isinstance(row, BadInput):
                late.append(row)
                continue
            scored.append(cases[index])
            scores.add(cases[index].name, cases[index].subject, row)
            other += (
                cases[index].binary is not None
                and [int(part[level]) for part in confusion(row.histograms)] != row.counts[:3].tolist()
            )
            if protocol:
                protocol.add(index, row.small)
    refuse_or_name(late, model.results, args)
    model.missing += late
    if not scored:
        raise MunetError(f"nothing in {shown(model.results)} could be scored")
    if late and protocol:  # whose folds are of the photos that can be scored
        model.cases, model.scores = scored, Scores(level)
        return score(model, args)
    if other:
        warn(
            f"{other} masks of {model.name} are not their maps cut at level {level}: figures are of the "
            "masks, curves of the maps"
        )
    for title in protocol.left_out if protocol else ():
        warn(f"{args.protocol}: {title} has less than {protocols.FOLDS} photos and is left out")
    model.cases, model.protocol = scored, protocol.figures() if protocol else []


def describe(model, table, paint, args):
    """Works out the figures of a model, prints them, and writes its files."""
    scores = model.scores
    if table and (unknown := not_told(scores.names, table)):
        warn(f"{unknown} photos have no row in {shown(args.groups)} and are in no group of it")
    columns = group_columns(scores.names, table, args.by)
    model.figures, model.groups = (
        summaries.headline(scores, args.seed),
        summaries.by_group(scores, columns, args.seed),
    )
    for attribute in args.by or ():
        if attribute not in model.groups:
            count = len(set(columns[attribute]) - {None})
            warn(
                f"no table by {attribute}: it has {count} groups, and a table has 2 to "
                f"{summaries.MOST_GROUPS} with sclera"
            )
    figures, people = model.figures, summaries.by_subject(scores)
    print(
        f"{model.name}: {figures['images']} photos of {figures['subjects']} subjects, masks at level "
        f"{scores.level}"
    )
    spread = {key: f"{low:.4f} to {high:.4f}" for key, (low, high) in figures["intervals"].items()}
    rows = [("", *(figures[key] for key in FIGURES))] + (
        [("95 %", *(spread[key] for key in FIGURES))] if spread else []
    )
    print_table(("", *FIGURES), rows)
    if figures["empty"]:
        others = (
            f"; mean F1 of the others {figures['f1_sclera']:.4f}"
            if figures["empty"] < figures["images"]
            else ""
        )
        print(
            f"{figures['empty']} photos without sclera, nothing found in {figures['empty_clean']} of "
            f"them{others}"
        )
    distance = tables.distance_text(figures)
    print(
        f"boundary F1 {figures['boundary_f1']:.4f}, {distance}; calibration error "
        f"{figures['calibration_error']:.4f}"
    )
    print(
        f"best level {figures['best_level']} would give F1 {figures['best_f1']:.4f}: an oracle, it has seen "
        "these labels"
    )
    for attribute, found in list(model.groups.items())[:GROUPS_PRINTED]:
        best, worst = found["groups"][0], found["groups"][-1]
        print(
            f"by {attribute}: {best['group']} {best['f1']:.4f} to {worst['group']} {worst['f1']:.4f}, gap "
            f"{found['gap']:.4f}"
        )
    if model.protocol:
        print_table(*tables.protocol_table(model.protocol))
    write_files(model, columns, people, paint, args)


def write_files(model, columns, people, paint, args):
    """Writes metrics.json, per_image.csv, metrics.tex and report.html."""
    figures, missing = model.figures, len(model.missing)
    results = {
        "name": model.name,
        "missing": missing,
        **figures,
        "by_subject": people,
        "groups": model.groups,
    }
    if model.protocol:
        results[args.protocol] = model.protocol
    write_json(model.out / "metrics.json", results)
    write_bytes(
        model.out / "per_image.csv",
        tables.per_image(model.scores, columns).encode("utf-8", "surrogateescape"),
    )
    write_bytes(model.out / "metrics.tex", tables.latex_row(model.name, figures).encode())
    f1 = summaries.image_f1(model.scores)
    protocol = []
    if model.protocol:
        header, rows = tables.protocol_table(model.protocol)
        note = "See protocols.py for what differs from the figures above."
        protocol = [{"title": f"As {args.protocol} scores", "note": note, "header": header, "rows": rows}]
    warnings = [f"{missing} photos could not be scored and are in no figure."] if missing else []
    facts = [
        ("level", figures["level"]),
        ("worst subject", f"{people['worst']}: F1 {people['worst_f1']:.3f}"),
    ]
    facts += [
        ("F1 a subject", f"{people['f1_mean']:.3f}, deviation {people['f1_std']:.3f}"),
        ("ground truth", shown(args.truth.name)),
    ]
    facts += facts_of(model.results)
    drawn = examples(f1, lambda index: paint(model.cases[index], model.scores.level))
    evaluation_page(
        model.out / "report.html",
        model.name,
        figures,
        model.scores,
        model.groups,
        drawn,
        protocol,
        warnings,
        facts,
    )
    print(f"  {shown(model.out / 'report.html')}")


def compare(models, args):
    """Ranks several models and writes their page: differences to the best, paired by subject."""
    ranked = sorted(models, key=lambda model: -model.figures["f1"])
    header, rows, results = ("model", "photos", *FIGURES, "F1 behind the first", "95 %"), [], []
    for model in ranked:
        behind = summaries.difference(ranked[0].scores, model.scores, args.seed)
        low, high = behind["interval"]
        figures = [f"{model.figures[key]:.4f}" for key in FIGURES]
        interval = f"{low:.4f} to {high:.4f}" if math.isfinite(low) else ""  # of one subject there is none
        spread = ("", "") if model is ranked[0] else (f"{behind['difference']:.4f}", interval)
        rows.append((model.name, len(model.scores.names), *figures, *spread))
        results.append({"name": model.name, **{key: model.figures[key] for key in FIGURES}, "behind": behind})
    print_table(header, rows)
    write_json(args.out / "comparison.json", {"models": results})
    note = (
        "Intervals are of the difference on the photos that both have, by paired bootstrap of the subjects."
    )
    ranking = [{"title": "Ranked by pooled F1", "note": note, "header": header, "rows": rows}]
    partial = [f"{model.name} lacks {len(model.missing)} photos." for model in models if model.missing]
    comparison_page(
        args.out / "report.html", "Comparison", [(m.name, m.scores) for m in ranked], ranking, partial
    )
    print(f"  {shown(args.out / 'report.html')}")


if __name__ == "__main__":
    run(main, goes_on=False)
