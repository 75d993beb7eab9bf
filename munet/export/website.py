"""The folder of the browser page with a model in it: static files that any host serves, and nothing leaves
the device.

    require("site"); write("site", "munet.onnx")

`make web` builds the page into `web/dist`; a copy gets the model, its settings, and a service worker that
knows the digest of all that it keeps, so that a page with another model replaces the one that a device kept.
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
MODEL, SETTINGS, WORKER = "munet.onnx", "munet.json", "sw.js"
_MARKER = "const DIGEST = "  # of our service worker
_FILES = re.compile(r"const FILES = (\[.*\]);")


def require(out):
    """Refuses to go on without the built page, or with a folder that holds something else.

    Raises:
        MunetError: either.
    """
    if not (BUILT / WORKER).is_file():
        raise MunetError(
            f"the page is not built: {shown(BUILT)} is missing; run `make web`, which needs Node.js"
        )
    if out.exists() and (not out.is_dir() or not (_files(out) or _begun(out))):
        raise MunetError(f"{shown(out)} exists and is no page of ours; give another --out")


def _begun(out):
    """Whether a folder holds nothing but files of the page, as after an export that was killed."""
    for path in out.rglob("*"):
        built = BUILT / path.relative_to(out)
        ours = (
            built.is_dir() if path.is_dir() else built.is_file() and filecmp.cmp(path, built, shallow=False)
        )
        if (
            not ours
            and path.relative_to(out) not in (Path(MODEL), Path(SETTINGS))
            and not path.name.startswith(PART_PREFIX)
        ):
            return False
    return True


def _files(out):
    """The names of the files of the page in a folder, as its service worker has them; none where there is no
    page."""
    try:
        text = (out / WORKER).read_text(encoding="utf-8")
        return json.loads(_FILES.search(text)[1]) if _MARKER in text else []
    except (OSError, TypeError, ValueError):
        return []


def write(out, model):
    """Copies the built page and puts a model into it.

    Args:
        out: the folder; of a page that it holds, what is not needed any more is removed, and nothing else.
        model: an `.onnx` file with settings.
    """
    old = _files(out)
    page = {
        path.relative_to(BUILT).as_posix(): path
        for path in sorted(BUILT.rglob("*"))
        if path.is_file() and path.name != WORKER
    }
    for name, path in (page | {MODEL: model}).items():
        write_bytes(out / name, path.read_bytes())
    write_bytes(out / SETTINGS, settings_text(read_settings(model)).encode())
    names = sorted([*page, MODEL, SETTINGS])
    digest = hashlib.sha256(b"".join((out / name).read_bytes() for name in names)).hexdigest()[:16]
    worker = (BUILT / WORKER).read_text(encoding="utf-8").replace("__DIGEST__", digest)
    # Last: from now on devices fetch the new page.
    write_bytes(
        out / WORKER, _FILES.sub(lambda _: f"const FILES = {json.dumps(['./', *names])};", worker).encode()
    )
    for name in set(old) - {"./", *names}:
        (out / name).unlink(missing_ok=True)


def size(out):
    """Bytes of a file, or of all files of a folder."""
    return (
        out.stat().st_size
        if out.is_file()
        else sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    )
