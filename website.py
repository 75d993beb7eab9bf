"""The folder of the browser page with a model in it: static files that any host serves, and nothing leaves the device.

    require("site"); write("site", "munet.onnx")

`make web` builds the page into `web/dist`; a copy gets the model, its settings, and a service worker that knows the digest
of all that it keeps, so that a page with another model replaces the one that a device kept.
"""

import hashlib
import json
import shutil
from pathlib import Path

from console import MunetError, shown
from files import PART_PREFIX, write_bytes
from model_files import read_settings, settings_text

BUILT = Path(__file__).resolve().parent / "web" / "dist"
MODEL, SETTINGS, WORKER = "munet.onnx", "munet.json", "sw.js"
_DIGEST = b"__DIGEST__"  # in the service worker, and the files that it keeps
_FILES = b'"__FILES__"'


def require(out):
    """Refuses to go on without the built page, or with a folder that holds something else.

    Raises:
        MunetError: either.
    """
    if not (BUILT / WORKER).is_file():
        raise MunetError(f"the page is not built: {shown(BUILT)} is missing; run `make web`, which needs Node.js")
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not (out / SETTINGS).is_file())):
        raise MunetError(f"{shown(out)} exists and is no page of ours; give another --out")


def write(out, model):
    """Copies the built page and puts a model into it.

    Args:
        out: the folder; a page that it holds is replaced, its service worker last.
        model: an `.onnx` file with settings.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.rglob("*"):
        if old.is_file() and not (BUILT / old.relative_to(out)).exists() and old.name not in (MODEL, SETTINGS):
            old.unlink()
    for path in sorted(BUILT.rglob("*")):
        if path.is_file() and path.name != WORKER:
            target = out / path.relative_to(BUILT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    shutil.copyfile(model, out / MODEL)
    write_bytes(out / SETTINGS, settings_text(read_settings(model)).encode())
    files = [path for path in sorted(out.rglob("*")) if path.is_file() and path.name != WORKER and not path.name.startswith(PART_PREFIX)]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    names = json.dumps(["./", *(path.relative_to(out).as_posix() for path in files if path.suffix != ".map")])
    worker = (BUILT / WORKER).read_bytes().replace(_DIGEST, digest.encode()).replace(_FILES, names.encode())
    write_bytes(out / WORKER, worker)


def size(out):
    """Bytes of a file, or of all files of a folder."""
    return out.stat().st_size if out.is_file() else sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
