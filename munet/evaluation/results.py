"""The evaluation of a results folder: planned, scored and summarised; nothing is written."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from munet.core.command_line import print_problems, progress
from munet.core.errors import BadInput, MunetError, shown
from munet.core.messages import failed, warn
from munet.core.run_folders import folder_settings
from munet.data.attributes import group_columns, not_told, subjects
from munet.data.parts import names_parts, persons
from munet.evaluation import protocols, summaries
from munet.evaluation.accumulator import ScoreAccumulator
from munet.evaluation.cases import find_cases, score_cases
from munet.evaluation.predictions import find_coding, folder_of
from munet.metrics.histograms import confusion

_ANY_LEVEL = 128  # of a mask: each from 1 to 255 gives the mask


@dataclass
class Evaluation:
    """What is known of one results folder; each step below adds to it.

    Attributes:
        name: of the model, the folder's own.
        results: the folder.
        out: where its files go.
        cases: list of `cases.Case`, those that can be scored.
        missing: list of BadInput, what cannot be.
        scores: the `ScoreAccumulator` of the cases.
        maps: whether there are maps, and not masks alone.
        columns: what `attributes.group_columns` gives for them.
        figures, groups, by_subject: see `summaries`.
        protocol: a protocol's rows, see `protocols`; empty without one.
    """

    name: str
    results: Path
    out: Path
    cases: list
    missing: list
    scores: ScoreAccumulator
    maps: bool = True
    columns: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    groups: dict = field(default_factory=dict)
    by_subject: dict = field(default_factory=dict)
    protocol: list = field(default_factory=list)


def plan(results, truth, out, level=None, table=None, by=None, allow_missing=False, part=None):
    """An `Evaluation` without its scores.

    Args:
        results: a results folder, or a folder of maps or masks.
        truth: a dataset in any known layout, or a folder of masks.
        out: where its files go.
        level: cuts the maps. Default: None, the saved masks are scored.
        table: what `attributes.read_table` gave.
        by: the attributes to make tables by.
        allow_missing: whether photos may be missing.
        part: a `splits.Part`, whose photos alone are scored. Default: None, all.

    Raises:
        MunetError: it cannot be scored as asked, or lacks anything and must not.
    """
    cases, missing = find_cases(results, truth, part)
    refuse_or_name(missing, results, allow_missing)
    if not cases:
        raise MunetError(f"nothing in {shown(results)} can be scored against {shown(truth)}")
    masks, ones = find_coding(case.map for case in cases)
    alone = masks and folder_of(results) != results / "Predictions"
    used = folder_settings(results).get("level") if level is None else level
    if alone:
        used = _ANY_LEVEL
    if used is None:
        raise MunetError(f"{shown(results)} does not tell the level its masks were cut at; give --level")
    names = [case.name for case in cases]
    group_columns(names, table, by)  # for what it refuses
    cases = [
        replace(case if level is None else case.cut(), subject=subject, is_mask=masks)
        for case, subject in zip(cases, _subjects(names, table), strict=True)
    ]
    if alone and level is not None:
        warn(f"{shown(results)} holds masks, not maps: they are scored as they are, whatever --level")
    if ones:
        warn(f"{shown(results)} holds pictures of 0 and 1, such as {shown(ones.name)}: 1 is read as sclera")
    return Evaluation(name_of(results), results, out, cases, missing, ScoreAccumulator(used), not alone)


def _subjects(names, table):
    """Whose photos these are: as a table says, or their names; folders such as `train` are no persons."""
    told = subjects(names, table)
    if not names_parts(names):
        return told
    whose = zip(told, subjects(names), persons(names), strict=True)
    return [person if of_table == of_name else of_table for of_table, of_name, person in whose]


def name_of(results):
    """A model's name: its folder's, or that of the results folder that this is in."""
    folder = results.resolve()
    inner = folder.name in ("Predictions", "Binarised")
    return shown(folder.parent.name if inner else folder.name)


def refuse_or_name(problems, results, allow_missing):
    """Lists problems and raises a MunetError; where they are allowed, each is named on stderr instead."""
    if problems and not allow_missing:
        print_problems(problems)
        raise MunetError(
            f"problems in {shown(results)}: {len(problems)}, listed above; fix them, or give --allow-missing "
            "to score the rest"
        )
    for problem in problems:
        failed(problem)


def score(evaluation, protocol=None, sclera_value=None, seed=0, workers=2, allow_missing=False):
    """Scores the cases of an `Evaluation`, which keeps those that could be.

    Args:
        evaluation: what `plan` gave.
        protocol: a key of `protocols.BY_NAME`. Default: None.
        sclera_value: class index of the sclera in the masks, if they are class-index masks.
        seed: of the protocol's folds.
        workers: processes.
        allow_missing: whether photos may turn out to be damaged.

    Raises:
        MunetError: nothing could be scored, or something could not and must.
    """
    while True:
        late, edited, folds = _score_all(evaluation, protocol, sclera_value, seed, workers)
        refuse_or_name(late, evaluation.results, allow_missing)
        evaluation.missing += late
        if not evaluation.cases:
            raise MunetError(f"nothing in {shown(evaluation.results)} could be scored")
        if not late or not protocol:
            break  # else once more: a protocol's folds are of the photos that can be scored
    scores = evaluation.scores
    highest = int(np.flatnonzero(scores.pooled.sum(axis=0)).max(initial=0))
    if highest < scores.level and scores.pooled[1].any():
        warn(
            f"{evaluation.name}: no map reaches level {scores.level}, the highest value is {highest} of 255: "
            "if they hold classes, save the sclera alone as 255"
        )
    if edited:
        warn(
            f"{evaluation.name}: masks that are not their maps cut at level {evaluation.scores.level}: "
            f"{edited}; figures are of the masks, curves of the maps"
        )
    for note in folds.notes() if folds else ():
        warn(f"{protocol}: {note}")
    evaluation.protocol = folds.figures() if folds else []


def _score_all(evaluation, protocol, sclera_value, seed, workers):
    """Fills the scores of an `Evaluation` and leaves out the cases that cannot be scored: their problems, how
    many masks are not their maps cut at the level, and the protocol's class."""
    cases, scores = evaluation.cases, ScoreAccumulator(evaluation.scores.level)
    folds = protocols.BY_NAME[protocol]([case.name for case in cases], seed) if protocol else None
    scored, late, edited = [], [], 0
    with score_cases(cases, scores.level, sclera_value, protocols.SIZES.get(protocol), workers) as rows:
        for index, row in enumerate(progress(rows, len(cases), evaluation.name)):
            if isinstance(row, BadInput):
                late.append(row)
                continue
            scored.append(cases[index])
            scores.add(row, cases[index].name, cases[index].subject)
            edited += not np.array_equal(confusion(row.histograms)[:, scores.level], row.counts)
            if folds:
                folds.add(index, row.small or row)
    evaluation.cases, evaluation.scores = scored, scores
    return late, edited, folds


def summarise(evaluation, table=None, by=None, seed=0):
    """Works out the figures of an `Evaluation` that is scored, and warns of the groups that it cannot show.

    Args:
        evaluation: what `score` filled.
        table, by: as for `plan`.
        seed: of the bootstrap.
    """
    scores = evaluation.scores
    if table and (unknown := not_told(scores.names, table)):
        warn(f"photos without a row in --groups: {unknown}; they are in no group of it")
    evaluation.columns = group_columns(scores.names, table, by)
    if "subject" in evaluation.columns and names_parts(scores.names):
        evaluation.columns["subject"] = scores.subjects
    evaluation.figures = summaries.headline(scores, seed, evaluation.maps)
    evaluation.groups = summaries.by_group(scores, evaluation.columns, seed)
    evaluation.by_subject = summaries.by_subject(scores)
    for attribute in by or ():
        if attribute not in evaluation.groups:
            count = len(set(evaluation.columns[attribute]) - {None})
            warn(
                f"no table by {attribute}: a table has 2 to {summaries.MOST_GROUPS} groups with sclera, and "
                f"here the number of groups is {count}"
            )
