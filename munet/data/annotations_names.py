"""The names of YOLO's classes, which stand in files beside the labels: data.yaml, or classes.txt."""

import dataclasses
import functools

from munet.core.errors import shown
from munet.core.files import open_text
from munet.core.messages import warn

_LISTS = ("classes.txt", "obj.names", "classes.names")


def class_names(root, item):
    """A `Labelled` with the names of its classes in the place of their numbers, where they are known.

    They are taken from the nearest folder that tells them, from the file's own up to `root`.
    """
    names = _known(root, item.source.parent)
    named = [dataclasses.replace(shape, label=names.get(shape.label, shape.label)) for shape in item.shapes]
    return dataclasses.replace(item, shapes=named)


@functools.lru_cache(maxsize=4096)
def _known(root, folder):
    """dict from a class's number, as text, to its name; empty where no file tells."""
    for place in (folder, *folder.parents):
        if not place.is_relative_to(root):
            break
        lists = [place / name for name in _LISTS if (place / name).is_file()]
        tables = sorted([*place.glob("*.yaml"), *place.glob("*.yml")])
        if names := next(filter(None, [*map(_from_yaml, tables), *map(_from_list, lists)]), None):
            return names
    return {}


def _from_list(path):
    lines = open_text(path, errors="replace").read().splitlines()
    return {str(number): line.strip() for number, line in enumerate(lines) if line.strip()}


def _from_yaml(path):
    try:
        import yaml
    except ImportError:
        warn(f"{shown(path)} may name the classes; to read it: pip install pyyaml")
        return {}
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, yaml.YAMLError) as error:
        warn(f"{shown(path)} cannot be read ({type(error).__name__}): classes keep their numbers")
        return {}
    names = content.get("names") if isinstance(content, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    return {str(key): str(name) for key, name in names.items()} if isinstance(names, dict) else {}
