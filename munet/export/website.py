"""The browser page with a model in it: a folder of static files for any host; no photo leaves the device.

    require("site")
    write("site", "munet.onnx")

`make web` builds the page into `web/dist`. A copy of it gets the model, its settings, the finder of eyes, and
a service worker with the digest of all files, so that a page with another model replaces the one that a
device has kept.
"""

import filecmp
import hashlib
import json
import re
from pathlib import Path

from munet.core.errors import MunetError, shown
from munet.core.files import PART_PREFIX, write_bytes
from munet.core.paths import SUITE
from munet.network.model_files import read_settings, settings_text

BUILT = SUITE / "web" / "dist"
FOUND_BY = SUITE / "weights" / "finder" / "finder.onnx"
MODEL, SETTINGS, FINDER, WORKER = "munet.onnx", "munet.json", "finder.onnx", "sw.js"
_MARKER = "const DIGEST = "  # of our service worker
_FILES = re.compile(r"const FILES = (\[.*\]);")


def require(out):
    """Refuses a folder that holds something else, and a page of which a part is missing.

    Raises:
        MunetError: either.
    """
    if not (BUILT / WORKER).is_file():
        missing = f"the page is not built: {shown(BUILT)} is missing"
        raise MunetError(f"{missing}; run `make web`, which needs Node.js")
    if not FOUND_BY.is_file():
        raise MunetError(f"the finder of eyes {shown(FOUND_BY)} is missing; copy it again")
    if out.exists() and (not out.is_dir() or not (_files(out) or _begun(out))):
        raise MunetError(f"{shown(out)} exists and is no page of ours; give another --out")


def _begun(out):
    """Whether a folder holds nothing but files of the page, as after an export that was killed."""
    return all(_is_ours(path, path.relative_to(out)) for path in out.rglob("*"))


def _is_ours(path, name):
    """Whether a file or folder is of the page, or a part of a file that was being written."""
    built = BUILT / name
    if name in (Path(MODEL), Path(SETTINGS), Path(FINDER)) or name.name.startswith(PART_PREFIX):
        return True
    return built.is_dir() if path.is_dir() else built.is_file() and filecmp.cmp(path, built, shallow=False)


def _files(out):
    """The names of a page's files, as its service worker lists them; none if the folder holds no page."""
    try:
        text = (out / WORKER).read_text(encoding="utf-8")
        return json.loads(_FILES.search(text)[1]) if _MARKER in text else []
    except (OSError, TypeError, ValueError):
        return []


def write(out, model):
    """Copies the built page and puts a model and the finder of eyes into it.

    Args:
        out: the folder; if it holds a page, files that are not needed any more are removed, and no others.
        model: an `.onnx` file with settings.
    """
    old = _files(out)
    built = [path for path in sorted(BUILT.rglob("*")) if path.is_file() and path.name != WORKER]
    page = {path.relative_to(BUILT).as_posix(): path for path in built}
    for name, path in (page | {MODEL: model, FINDER: FOUND_BY}).items():
        write_bytes(out / name, path.read_bytes())
    write_bytes(out / SETTINGS, settings_text(read_settings(model)).encode())
    names = sorted([*page, MODEL, SETTINGS, FINDER])
    digest = hashlib.sha256(b"".join((out / name).read_bytes() for name in names)).hexdigest()[:16]
    worker = (BUILT / WORKER).read_text(encoding="utf-8").replace("__DIGEST__", digest)
    listed = f"const FILES = {json.dumps(['./', *names])};"
    # Last: from now on devices fetch the new page.
    write_bytes(out / WORKER, _FILES.sub(lambda _: listed, worker).encode())
    for name in set(old) - {"./", *names}:
        (out / name).unlink(missing_ok=True)


def size(out):
    """Bytes of a file, or of all files of a folder."""
    files = [out] if out.is_file() else [path for path in out.rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in files)
