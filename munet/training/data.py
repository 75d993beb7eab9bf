"""What a training run gets to see: the decoded images, and the parts that they are split into."""

import dataclasses
from functools import partial

from munet.core.command_line import print_problems, print_table
from munet.core.errors import MunetError, shown
from munet.core.messages import counted, warn
from munet.data.cache import build_cache
from munet.data.mask_checks import warn_of_masks
from munet.data.names import original
from munet.data.parts import named_parts, names_parts, persons
from munet.data.problems import by_cause, problems_file, proposal
from munet.data.splits import (
    SPLIT_FILE,
    join_subjects,
    read_split,
    same_photos,
    shared_subjects,
    split_by_subject,
)
from munet.training.label_fit import best_class, check_turns


def checked_cache(dataset, args):
    """Decodes everything once, and shows all problems together before anything is trained.

    Args:
        dataset: a `pairing.Dataset`.
        args: the command line.

    Returns:
        A `cache.Cache`.

    Raises:
        MunetError: there are problems and no --skip-bad, or no good image is left.
    """
    cache = build_cache(dataset.samples, dataset.root, args.size, args.sclera_value, args.cache)
    problems = dataset.problems + cache.problems
    if problems:
        print(f"problems: {len(problems)}")
        best = partial(proposal, best=best_class(dataset.samples))
        print_problems(by_cause(problems, problems_file(args.out), best))
        if not args.skip_bad:
            raise MunetError(
                f"problems in {shown(dataset.root)}: {len(problems)}, listed above; fix them, or leave "
                "these files out with --skip-bad"
            )
    if not len(cache):
        raise MunetError(f"no usable image with a mask in {shown(dataset.root)}")
    if cache.cleaned:
        cleaned = f"{cache.cleaned} of {counted(len(cache), 'mask')}"
        warn(f"stored with losses or soft edges, and now cleaned to black and white: {cleaned}")
    warn_of_masks(cache.facts, shown(dataset.root), args.sclera_value, args.sclera_color)
    check_turns(cache.samples, cache.facts, args.sclera_value, args.exif)
    codings, images = ", ".join(sorted(cache.codings)), counted(len(cache), "image")
    print(f"masks: {codings} coding; cache: {images} at {args.size}x{args.size}")
    return cache


def make_split(samples, good, args):
    """The parts to train and validate on, drawn or read, with what is doubtful about them said.

    Args:
        samples: all samples of the dataset.
        good: those without problems, the only ones that get into a part.
        args: the command line; a run that is resumed keeps the split that it started with.

    Returns:
        dict from part ("train", "validation", "test") to a list of samples.

    Raises:
        MunetError: too few photos or subjects, or a file that is no split of this dataset.
    """
    samples, good = _of_persons(samples), _of_persons(good)
    kept = args.out / SPLIT_FILE
    file = kept if args.resume and not args.overwrite and kept.exists() else args.split
    if file:
        parts = _read(file, samples, good)
    elif args.split_by == "image":
        parts = _drawn_by_image(good, args)
    elif named := named_parts(good):
        parts = _named_by_folders(*named, args)
    else:
        parts = _drawn_by_subject(good, args)
    _warn_of_copies(parts)
    rows = [(part, len(found), len({s.subject for s in found})) for part, found in parts.items() if found]
    print_table(("part", "images", "subjects"), rows)
    return parts


def _read(file, samples, good):
    usable = {sample.name for sample in good}
    parts = read_split(file, samples)
    parts = {part: [sample for sample in found if sample.name in usable] for part, found in parts.items()}
    named = {sample.name for found in parts.values() for sample in found}
    scored = {sample.name for part in ("validation", "test") for sample in parts[part]}
    unnamed = sum(sample.name not in named and not _is_variant(sample, scored) for sample in good)
    if unnamed:
        warn(f"{shown(file)} does not name {counted(unnamed, 'image')} of the dataset: left out")
    for subject in shared_subjects(parts)[:5]:
        warn(f"subject {shown(subject)} is in more than one part of {shown(file)}: the score will flatter")
    return parts


def _of_persons(samples):
    """The samples with persons for subjects, where the folders of their names are those of a split."""
    names = [sample.name for sample in samples]
    if not names_parts(names):
        return samples
    whose = zip(samples, persons(names), strict=True)
    return [dataclasses.replace(sample, subject=subject) for sample, subject in whose]


def _named_by_folders(parts, others, args):
    """The split that the folders name; where they name no validation part, it is drawn from training."""
    if args.test:
        raise MunetError("the folders name a split; leave --test away, or give --split FILE")
    told = ", ".join(f"{part} {len(found)}" for part, found in parts.items() if found)
    print(f"the folders name a split, which is taken: {told}")
    if others:
        example = shown(others[0].name)
        warn(
            f"in no part that the folders name: {counted(len(others), 'image')}, such as {example}: left out"
        )
    if not parts["validation"]:
        print("they name no validation part, so it is drawn from that for training")
        parts = {**_draw(parts["train"], args.validation, 0.0, args.seed), "test": parts["test"]}
    return _scored_once(parts)


def _draw(samples, validation, test, seed):
    """As `split_by_subject`, but subjects that share a photo are in one part."""
    same = [group for group in same_photos(samples) if len({sample.subject for sample in group}) > 1]
    if same:
        one, other = (shown(sample.name) for sample in same[0][:2])
        photos = counted(len(same), "photo is", "photos are")
        warn(
            f"{photos} the same file under two subjects, such as {one} and {other}: such subjects are put "
            "into one part; remove one copy, or put them into one folder"
        )
    drawn = split_by_subject(join_subjects(samples, same), validation, test, seed)
    by_name = {sample.name: sample for sample in samples}
    return {part: [by_name[sample.name] for sample in found] for part, found in drawn.items()}


def _warn_of_copies(parts):
    """Warns where training has the very files that are scored, as a split may have it that was given."""
    part_of = {sample.name: part for part in parts for sample in parts[part]}
    same = same_photos([sample for found in parts.values() for sample in found])
    leaks = [group for group in same if {"train"} < {part_of[sample.name] for sample in group}]
    if leaks:
        group = sorted(leaks[0], key=lambda sample: part_of[sample.name] != "train")
        one, other = shown(group[0].name), shown(group[-1].name)
        photos = counted(len(leaks), "photo is", "photos are")
        warn(
            f"{photos} the same file in training and in what is scored, such as {one} and {other}: the score "
            "will flatter; remove one copy"
        )


def _drawn_by_image(good, args):
    named = {sample.name: sample for sample in good}
    alone = [dataclasses.replace(sample, subject=original(sample.name)[0]) for sample in good]
    if len({sample.subject for sample in alone}) < 2 + (args.test > 0):
        raise MunetError(
            f"{shown(args.data)}: all are of one photo or two, too few to split; add photos, or give --split "
            "FILE"
        )
    drawn = _draw(alone, args.validation, args.test, args.seed)
    parts = {part: [named[sample.name] for sample in found] for part, found in drawn.items()}
    warn("split by image: the same person may be in training and validation, the score will flatter")
    return _scored_once(parts)


def _drawn_by_subject(good, args):
    parts = _scored_once(_draw(good, args.validation, args.test, args.seed))
    if len({sample.subject for sample in good}) == len({original(sample.name)[0] for sample in good}):
        warn(
            "no subject has two images: if one person does, put each person's images into a folder, or the "
            "score will flatter"
        )
    return parts


def _scored_once(parts):
    """The parts without the flips and copies of what validation and test hold: originals alone are scored."""
    kept = dict(parts)
    for part in ("validation", "test"):
        names = {sample.name for sample in parts[part]}
        kept[part] = [sample for sample in parts[part] if not _is_variant(sample, names)]
    left_out = sum(len(parts[part]) - len(kept[part]) for part in parts)
    if left_out:
        variants = counted(left_out, "flip or copy", "flips and copies")
        print(f"{variants} left out of what is scored: they are for training")
    return kept


def _is_variant(sample, names):
    """Whether a sample is a flip or a copy of one that is among the names."""
    name, endings = original(sample.name)
    return bool(endings) and name in names
