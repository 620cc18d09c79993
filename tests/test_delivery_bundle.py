"""Bundles: every way in which one can be another than it says, a kill at every step, one digest
everywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from deaths import ROOT, deaths, lived
from hypothesis import given
from hypothesis import strategies as st
from pythons import pythons
from refusals import is_sentence, refuses

from labsupport.delivery import Bundle, BundleError
from labsupport.delivery.bundle import MANIFEST

FILES = {"weights.bin": bytes(range(256)), "serving/config.json": b"{}\n", "empty": b""}
GOLDEN = "f9c5df2ce8f32c92e17f7f99b30f18618c76d12e7b11ce09fcb1a91b74f9ad64"  # of FILES
NFC, NFD = (unicodedata.normalize(form, "modèle") for form in ("NFC", "NFD"))


def written(folder: Path, files: dict[str, bytes] = FILES) -> Path:
    """A folder with these files."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture
def plain(tmp_path) -> Path:
    return written(tmp_path / "plain")


@pytest.fixture
def packed(plain, tmp_path) -> Path:
    return Bundle.pack(plain, tmp_path / "packed").path


def tree(folder: Path) -> dict[str, bytes]:
    """Each file below a folder, without the help of what is tested."""
    return {
        (Path(place) / name).relative_to(folder).as_posix(): (Path(place) / name).read_bytes()
        for place, _, names in os.walk(folder)
        for name in names
    }


def by_hand(files: dict[str, bytes]) -> str:
    """The digest, written down once more."""
    entries = ",".join(
        f'{json.dumps(name)}:{{"sha256":"{hashlib.sha256(data).hexdigest()}","size":{len(data)}}}'
        for name, data in sorted(files.items())
    )
    return hashlib.sha256(f'{{"files":{{{entries}}},"version":1}}'.encode()).hexdigest()


# What is right


def test_a_bundle_is_the_files_and_their_manifest(plain, packed):
    bundle = Bundle.open(packed)
    assert {name: bundle.read(name) for name in bundle.files} == FILES
    assert bundle.files == {n: hashlib.sha256(data).hexdigest() for n, data in FILES.items()}
    assert bundle.sizes == {name: len(data) for name, data in FILES.items()}
    assert {name: data for name, data in tree(packed).items() if name != MANIFEST} == FILES
    assert tree(plain) == FILES
    assert sorted(os.listdir(packed.parent)) == ["packed", "plain"]
    with refuses(BundleError, "has no 'model.bin'; ask for what it has, as empty, serving/config"):
        bundle.read("model.bin")
    with refuses(BundleError, f"has no '{MANIFEST}'"):
        bundle.read(MANIFEST)


def test_the_digest_is_that_of_a_few_lines_by_hand(packed):
    bundle = Bundle.open(packed)
    assert bundle.digest == by_hand(FILES) == GOLDEN
    assert Bundle.open(packed, GOLDEN) == bundle
    assert hashlib.sha256((packed / MANIFEST).read_bytes()).hexdigest() == GOLDEN


def test_the_digest_knows_no_times_modes_order_or_place(plain, tmp_path):
    other = written(tmp_path / "other" / "deeper", dict(reversed(FILES.items())))
    (other / "weights.bin").chmod(0o700)
    os.utime(other / "weights.bin", (0, 0))
    first, second = Bundle.pack(plain, tmp_path / "a"), Bundle.pack(other, tmp_path / "b" / "c")
    assert first.digest == second.digest


def test_a_name_has_one_digest_however_the_file_system_spells_it(tmp_path):
    one, other = (
        Bundle.pack(written(tmp_path / form, {f"{name}/é": b"1"}), tmp_path / f"{form} packed")
        for form, name in (("NFC", NFC), ("NFD", NFD))
    )
    assert one.digest == other.digest == by_hand({f"{NFC}/é": b"1"})
    assert other.read(f"{NFC}/é") == b"1"


LOAD = """
import sys
from pathlib import Path
from labsupport.delivery.bundle import Bundle
assert not {"numpy", "pandas"} & set(sys.modules)
print(Bundle.pack(Path(sys.argv[1]), Path(sys.argv[2])).digest)
print(Bundle.open(Path(sys.argv[3])).digest)
"""


@pytest.mark.parametrize("version", pythons())
def test_the_digest_is_the_same_under_every_python_which_needs_no_package(
    version, plain, packed, tmp_path
):
    written(plain, {NFC: b"1", "Ångström/Straße.txt": b"2", "日本語": b"3", "z": b"4", "Z2": b"5"})
    here = Bundle.pack(plain, tmp_path / "here").digest
    for seed in ("0", "1"):
        done = subprocess.run(
            [pythons()[version], "-c", LOAD, plain, tmp_path / seed, packed],
            capture_output=True, text=True, check=False, cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert done.stdout.split() == [here, GOLDEN], done.stderr


def test_packing_again_changes_nothing_and_another_folder_is_refused(plain, packed, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in packed.rglob("*")}
    assert Bundle.pack(plain, packed) == Bundle.open(packed)
    assert {path: path.stat().st_mtime_ns for path in packed.rglob("*")} == before
    (plain / "weights.bin").write_bytes(b"other")
    with refuses(BundleError, "packed is there and is not bundle"):
        Bundle.pack(plain, packed)
    assert Bundle.open(packed).digest == GOLDEN
    assert sorted(os.listdir(tmp_path)) == ["packed", "plain"]


@pytest.mark.parametrize("kind", ["empty folder", "file", "link to nowhere", "damaged"])
def test_what_stands_in_the_way_is_left_as_it_is(kind, plain, tmp_path):
    target = tmp_path / "target"
    make = {
        "empty folder": target.mkdir,
        "file": lambda: target.write_bytes(b"mine"),
        "link to nowhere": lambda: target.symlink_to(tmp_path / "nowhere"),
        "damaged": lambda: (Bundle.pack(plain, target), (target / "empty").write_bytes(b"!")),
    }
    make[kind]()
    kept = [(path, path.is_file() and path.read_bytes()) for path in sorted(tmp_path.rglob("*"))]
    with refuses(BundleError, "target is there and is not bundle"):
        Bundle.pack(plain, target)
    assert kept == [
        (path, path.is_file() and path.read_bytes()) for path in sorted(tmp_path.rglob("*"))
    ]


def test_many_who_pack_the_same_at_once_all_get_it(plain, tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = list(
            threads.map(lambda _: Bundle.pack(plain, tmp_path / "one"), range(24), timeout=120)
        )
    assert {bundle.digest for bundle in found} == {GOLDEN}
    assert sorted(os.listdir(tmp_path)) == ["one", "plain"]


@pytest.mark.parametrize("same", [True, False])
def test_who_was_faster_is_believed_only_if_it_is_the_same_bundle(
    same, plain, tmp_path, monkeypatch
):
    target, replace = tmp_path / "t", os.replace

    def too_late(source, to):
        if to == target:
            replace(source, to)
            if not same:
                (to / "empty").write_bytes(b"!")
            raise OSError(39, "Directory not empty")
        replace(source, to)

    monkeypatch.setattr("os.replace", too_late)
    if same:
        assert Bundle.pack(plain, target).digest == GOLDEN
    else:
        with refuses(BundleError, "t is there and is not bundle"):
            Bundle.pack(plain, target)


# What cannot be packed


def listens(path: Path) -> None:
    """A socket; its path may be longer than an address can be."""
    with socket.socket(socket.AF_UNIX) as server, TemporaryDirectory() as short:
        server.bind(f"{short}/s")
        os.rename(f"{short}/s", path)


def link(path: Path, to: Path) -> None:
    path.symlink_to(to)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "link to a file inside": lambda folder: link(folder / "new", folder / "empty"),
    "link to a folder inside": lambda folder: link(folder / "new", folder / "serving"),
    "link to a file outside": lambda folder: link(folder / "new", ROOT / "README.md"),
    "link to a folder outside": lambda folder: link(folder / "new", ROOT / "docs"),
    "link to nowhere": lambda folder: link(folder / "new", folder / "nowhere"),
    "link to itself": lambda folder: link(folder / "new", folder / "new"),
    "pipe": lambda folder: os.mkfifo(folder / "new"),
    "socket": lambda folder: listens(folder / "new"),
    "pipe in a folder": lambda folder: os.mkfifo(folder / "serving" / "new"),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_links_and_special_files_are_refused_both_ways(kind, plain, packed, tmp_path):
    for folder in (plain, packed):
        SPECIAL[kind](folder)
    for refused in (lambda: Bundle.pack(plain, tmp_path / "t"), lambda: Bundle.open(packed)):
        with refuses(BundleError, "new' is a link or no plain file"):
            refused()
    assert sorted(os.listdir(tmp_path)) == ["packed", "plain"]


@pytest.mark.parametrize("name", ["weights.bin", "serving", "serving/config.json", MANIFEST])
def test_a_link_in_the_place_of_the_very_thing_is_refused(name, packed, tmp_path):
    os.rename(packed / name, tmp_path / "elsewhere")
    link(packed / name, tmp_path / "elsewhere")
    with refuses(BundleError, f"'{name}' is a link or no plain file"):
        Bundle.open(packed)


def test_nobody_waits_for_a_pipe_in_the_place_of_a_file(packed):
    bundle = Bundle.open(packed)
    os.unlink(packed / "empty")
    os.mkfifo(packed / "empty")
    with refuses(BundleError, "empty is missing"):
        bundle.read("empty")
    os.unlink(packed / "empty")
    os.unlink(packed / MANIFEST)
    os.mkfifo(packed / MANIFEST)
    with refuses(BundleError, f"'{MANIFEST}' is a link or no plain file"):
        Bundle.open(packed)


def test_a_folder_that_is_itself_a_link_or_none_is_refused(plain, packed, tmp_path):
    link(tmp_path / "plain link", plain)
    link(tmp_path / "packed link", packed)
    with refuses(BundleError, "plain link is no folder, or a link to one"):
        Bundle.pack(tmp_path / "plain link", tmp_path / "t")
    for name in ("packed link", "nowhere", "packed/empty"):
        with refuses(BundleError, "is no folder, or a link to one"):
            Bundle.open(tmp_path / name)


BAD_NAMES = {
    **{f"for Windows: {name}": name for name in ("con", "NUL.txt", "Com1", "lpt9.a.b", "aux .x")},
    **{f"for Windows: {name}": name for name in ("a:b", "a\\b", "a*", "a|b", "COM¹", "x.", "x ")},
    **{f"of a letter nobody sees: {name!a}": name for name in ("a\u200bb", "a\u202eb", "\ufeffa")},
    **{f"of a control: {name!a}": name for name in ("a\nb", "a\x1bb", "a\x7fb", "a\x85b")},
    **{"in no encoding": "a\udcff", "too long": "a" * 201, "of no letter": "\U000e1234"},
}


@pytest.mark.parametrize("kind", BAD_NAMES)
@pytest.mark.parametrize("place", ["{}", "folder/{}", "{}/file"])
def test_names_that_not_every_machine_can_hold_are_refused(kind, place, plain, packed, tmp_path):
    name = place.format(BAD_NAMES[kind])
    for folder in (plain, packed):
        written(folder, {name: b"1"})
    for refused in (lambda: Bundle.pack(plain, tmp_path / "t"), lambda: Bundle.open(packed)):
        with refuses(BundleError, "is no name for a file in a bundle"):
            refused()
    assert not (tmp_path / "t").exists()


TWINS = {
    "case": ("a", "A"),
    "case of folders": ("one/a", "ONE/b"),
    "a file and a folder": ("one", "ONE/b"),
    "case beyond ASCII": ("é", "É"),
    "spelling of an accent": (NFC, NFD),
    "spelling of a folder": (f"{NFC}/a", f"{NFD}/b"),
    "case and spelling": (NFC.upper(), NFD),
    "case of a letter with two forms": ("ſ", "S"),
    "letters that one letter stands for": ("ß", "SS"),
}


@pytest.mark.parametrize("kind", TWINS)
def test_two_names_that_some_machine_takes_for_one_are_refused(kind, plain, tmp_path):
    one, other = TWINS[kind]
    bundle = Bundle.pack(written(plain, {one: b"1"}), tmp_path / "packed")
    for folder in (plain, bundle.path):
        written(folder, {other: b"1"})
    for refused in (lambda: Bundle.pack(plain, tmp_path / "t"), lambda: Bundle.open(bundle.path)):
        with refuses(BundleError, "are one name on some machines; rename one"):
            refused()


def test_folders_without_files_are_refused(plain, packed, tmp_path):
    (tmp_path / "none").mkdir()
    with refuses(BundleError, "none holds no files"):
        Bundle.pack(tmp_path / "none", tmp_path / "t")
    with refuses(BundleError, f"none holds no {MANIFEST}, so it is no bundle"):
        Bundle.open(tmp_path / "none")
    for folder in (plain, packed):
        (folder / "serving" / "empty").mkdir()
    for refused in (lambda: Bundle.pack(plain, tmp_path / "t"), lambda: Bundle.open(packed)):
        with refuses(BundleError, "'serving/empty/' is an empty folder"):
            refused()


@pytest.mark.parametrize("name", [MANIFEST, "Manifest.JSON", f"{MANIFEST}/a"])
def test_the_name_of_the_manifest_is_the_bundles_own(name, tmp_path):
    folder = written(tmp_path / "folder", {name: b"{}"})
    with refuses(BundleError, f"folder has a {MANIFEST} already"):
        Bundle.pack(folder, tmp_path / "t")


@pytest.mark.parametrize("target", ["plain", "plain/target", "plain/serving/../t", "link/t"])
@pytest.mark.parametrize("folder", ["plain", "above/plain"])
def test_a_target_in_the_folder_itself_is_refused(folder, target, plain, tmp_path):
    link(tmp_path / "link", plain)
    link(tmp_path / "above", tmp_path)
    with refuses(BundleError, "lies in the folder that is packed"):
        Bundle.pack(tmp_path / folder, tmp_path / target)
    assert tree(plain) == FILES


def test_what_has_no_end_is_refused_before_it_is_a_bundle(plain, tmp_path, monkeypatch):
    written(plain, {"/".join(["deeper"] * 150): b"1"})
    with refuses(BundleError, "is no name for a file in a bundle"):
        Bundle.pack(plain, tmp_path / "t")
    shutil.rmtree(plain / "deeper")
    monkeypatch.setattr("labsupport.delivery.bundle._LARGEST_MANIFEST", 300)
    with refuses(BundleError, "plain holds 3 files, too many for one bundle"):
        Bundle.pack(plain, tmp_path / "t")
    assert os.listdir(tmp_path) == ["plain"]


# What is not the bundle that was packed


def flipped(data: bytes, place: int, bit: int) -> bytes:
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Bundle:
    folder = tmp_path_factory.mktemp("whole")
    return Bundle.pack(written(folder / "plain"), folder / "packed")


def is_refused(bundle: Bundle, damage: Callable[[Path], object], digest: str | None = None) -> str:
    """The sentence with which a damaged copy is refused."""
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(bundle.path, copy)
        assert Bundle.open(copy).digest == bundle.digest
        damage(copy)
        with pytest.raises(BundleError) as caught:
            Bundle.open(copy, digest)
    assert is_sentence(str(caught.value)), str(caught.value)
    return str(caught.value)


@given(data=st.data())
def test_any_flipped_bit_is_refused(data, whole):
    """In the manifest, too: there it is another bundle, if it is one at all."""
    name = data.draw(st.sampled_from(["weights.bin", "serving/config.json", MANIFEST]))
    there = (whole.path / name).read_bytes()
    place, bit = data.draw(st.integers(0, len(there) - 1)), data.draw(st.integers(0, 7))
    changed = flipped(there, place, bit)
    said = is_refused(whole, lambda copy: (copy / name).write_bytes(changed), whole.digest)
    assert f"{name} was changed" in said or "is bundle" in said
    is_refused(whole, lambda copy: (copy / name).write_bytes(changed))


@given(data=st.data())
def test_any_cut_or_longer_file_is_refused(data, whole):
    name = data.draw(st.sampled_from([*FILES, MANIFEST]))
    there = (whole.path / name).read_bytes()
    cut = data.draw(st.integers(0, max(0, len(there) - 1)))
    more = data.draw(st.binary(min_size=0 if cut < len(there) else 1, max_size=5))
    changed = there[:cut] + more
    if changed != there:
        is_refused(whole, lambda copy: (copy / name).write_bytes(changed))


@given(old=st.sampled_from([*FILES, MANIFEST]), new=st.from_regex(r"[a-zA-Z]{1,9}", fullmatch=True))
def test_any_renamed_file_is_refused(old, new, whole):
    if new not in {"serving", old}:
        is_refused(whole, lambda copy: os.rename(copy / old, copy / new))


@given(
    new=st.from_regex(r"([a-z]{1,3}/){0,2}\.?[a-zA-Zé0-9]{1,9}", fullmatch=True), data=st.binary()
)
def test_any_added_file_is_refused(new, data, whole):
    if not (whole.path / new).exists() and not (whole.path / new.split("/")[0]).is_file():
        is_refused(whole, lambda copy: written(copy, {new: data}))


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_refused(name, whole):
    said = is_refused(whole, lambda copy: (copy / name).unlink())
    assert "missing" in said or "empty folder" in said or "so it is no bundle" in said


def test_files_that_changed_places_are_refused(packed):
    (packed / "empty").write_bytes(FILES["weights.bin"])
    (packed / "weights.bin").write_bytes(b"")
    with refuses(BundleError, "empty was changed; deliver the bundle again"):
        Bundle.open(packed)


def test_a_whole_bundle_is_refused_when_another_was_asked_for(plain, packed, tmp_path):
    other = Bundle.pack(written(plain, {"weights.bin": b"other"}), tmp_path / "other")
    with refuses(BundleError, f"other is bundle {other.digest[:12]}, not {GOLDEN[:12]}"):
        Bundle.open(other.path, GOLDEN)
    shutil.copy(other.path / MANIFEST, packed / MANIFEST)
    with refuses(BundleError, "weights.bin was changed"):
        Bundle.open(packed)
    with refuses(BundleError, "weights.bin was changed"):
        Bundle.open(packed, other.digest)
    for nothing in ("", "0" * 64, GOLDEN.upper(), GOLDEN[:12], 7):
        with refuses(BundleError, "deliver that"):
            Bundle.open(Bundle.pack(plain, tmp_path / "third").path, nothing)


@pytest.mark.parametrize("how", ["other bytes", "longer", "gone", "a folder", "a link"])
def test_what_changes_after_the_bundle_was_opened_is_not_served(how, packed, tmp_path):
    bundle, path = Bundle.open(packed), packed / "weights.bin"
    (tmp_path / "same").write_bytes(FILES["weights.bin"])
    path.unlink()
    make = {
        "other bytes": lambda: path.write_bytes(flipped(FILES["weights.bin"], 9, 0)),
        "longer": lambda: path.write_bytes(FILES["weights.bin"] + b"\0"),
        "gone": lambda: None,
        "a folder": path.mkdir,
        "a link": lambda: path.symlink_to(tmp_path / "same"),
    }
    make[how]()
    with refuses(BundleError, "weights.bin"):
        bundle.read("weights.bin")
    assert bundle.read("empty") == b""


def test_what_cannot_be_read_is_refused_with_a_sentence(packed, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("labsupport.delivery.bundle.read_plain", broken)
    with refuses(BundleError, "packed cannot be read (Input/output error)"):
        Bundle.open(packed)


# What is no manifest


def entry(data: bytes = b"") -> dict[str, object]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def manifest(files: object = None, **others: object) -> bytes:
    files = {name: entry(data) for name, data in FILES.items()} if files is None else files
    made = {"files": files, "version": 1} | others
    return json.dumps(made, sort_keys=True, separators=(",", ":")).encode()


def with_file(name: str, **others: object) -> bytes:
    return manifest({n: entry(d) for n, d in FILES.items()} | {name: entry() | others})


WAYS_OUT = [
    *("../empty", "serving/../empty", "serving/../../outside", "/etc/hostname", "./empty", ".."),
    *("serving//config.json", "serving/", "", "/", "C:/empty", "C:empty", "c:\\empty", "//a/b"),
    *("..\\empty", "serving\\config.json", "empty\0", "empty\0.txt", "~/../x", "\ud800"),
    *("nul", "serving/con.json", "empty.", "empty ", NFD, "%2e%2e/../x", "a" * 900, "..."),
]
NO_MANIFEST = {
    "no JSON": b"files: 3",
    "nothing": b"",
    "half": manifest()[:-9],
    "two": manifest() * 2,
    "no UTF-8": manifest().replace(b"weights", b"w\xffights"),
    "another encoding": manifest().decode().encode("utf-16"),
    "a mark of its encoding": b"\xef\xbb\xbf" + manifest(),
    "a list": b"[]",
    "null": b"null",
    "text": b'"version"',
    "a number": b"7",
    "no version": json.dumps({"files": {}}).encode(),
    "no files": b'{"version":1}',
    "empty files": manifest({}),
    "files as a list": manifest([*FILES]),
    "files as names and digests": manifest({name: "0" * 64 for name in FILES}),
    "an entry without size": manifest({"empty": {"sha256": entry()["sha256"]}}),
    "an entry without digest": manifest({"empty": {"size": 0}}),
    "an entry with more": manifest({n: entry(d) | {"mode": 7} for n, d in FILES.items()}),
    "another key": manifest(signed=True),
    "a space": manifest().replace(b",", b", ", 1),
    "a line at its end": manifest() + b"\n",
    "other order": json.dumps(
        {"version": 1, "files": json.loads(manifest())["files"]}, separators=(",", ":")
    ).encode(),
    "files in another order": json.dumps(
        {"files": dict(reversed(json.loads(manifest())["files"].items())), "version": 1},
        separators=(",", ":"),
    ).encode(),
    "a key twice": manifest().replace(b'"version":1', b'"version":1,"version":1'),
    "a file twice": manifest().replace(b'"files":{', b'"files":{"empty":{"size":9},'),
    "as deep as a well": b'{"version":1,"files":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a digest in capitals": manifest().replace(b"e3b0c4", b"E3B0C4"),
    "another digest": with_file("empty", sha256=hashlib.md5(b"").hexdigest()),
    "a digest as a number": with_file("empty", sha256=0),
    "a digest and a line": with_file("empty", sha256=str(entry()["sha256"]) + "\n"),
    **{
        f"a size of {size!r}": with_file("empty", size=size)
        for size in (-1, 0.0, False, None, "0", 1, 2**62, 10**30, float("nan"), [0])
    },
    "a size of a million digits": manifest().replace(b'"size":0', b'"size":1' + b"0" * 10**6),
}


@pytest.mark.parametrize("kind", NO_MANIFEST)
def test_what_is_no_manifest_is_refused_also_under_its_own_digest(kind, packed):
    (packed / MANIFEST).write_bytes(NO_MANIFEST[kind])
    for digest in (None, hashlib.sha256(NO_MANIFEST[kind]).hexdigest()):
        with pytest.raises(BundleError) as caught:
            Bundle.open(packed, digest)
        said = str(caught.value)
        assert is_sentence(said) and len(said) < 300
        wrong_size = kind in {f"a size of {size}" for size in (1, 2**62, 10**30)}  # and a size
        entry_is_bad = kind.startswith(("a size", "a digest", "another digest")) and not wrong_size
        assert entry_is_bad <= ("has no size and SHA-256" in said or "be understood" in said), said


def test_a_manifest_of_no_files_is_refused_where_there_are_none(tmp_path):
    written(tmp_path, {MANIFEST: manifest({})})
    with refuses(BundleError, "is not written as this lab does"):
        Bundle.open(tmp_path)


@pytest.mark.parametrize("name", WAYS_OUT, ids=ascii)
def test_a_manifest_that_names_what_is_not_inside_is_refused(name, packed):
    (packed.parent / "empty").write_bytes(b"")
    (packed / MANIFEST).write_bytes(with_file(name))
    with refuses(BundleError, "is no name for a file in a bundle"):
        Bundle.open(packed)


@pytest.mark.parametrize("version", [0, 2, 10**9, 1.0, True, "1", None, [1], {"a": 1}, "x" * 999])
def test_another_version_is_refused_whatever_else_it_says(version, packed):
    for text in (manifest(version=version), json.dumps({"version": version}).encode()):
        (packed / MANIFEST).write_bytes(text)
        with refuses(BundleError, "and this lab reads 1"):
            Bundle.open(packed)


def test_no_more_of_a_manifest_is_read_than_one_can_be_long(packed):
    with open(packed / MANIFEST, "wb") as file:
        file.truncate(1 << 40)  # it takes no room on the disk, and would take all of the memory
    with refuses(BundleError, "of more than 16 MiB is none"):
        Bundle.open(packed)
    with open(packed / "empty", "wb") as file:
        file.truncate(1 << 40)
    (packed / MANIFEST).write_bytes(manifest())
    with refuses(BundleError, "empty was changed"):
        Bundle.open(packed)


# A kill, and a full disk

PACK = """
from pathlib import Path
from labsupport.delivery.bundle import Bundle

Bundle.pack(Path(folder) / "plain", Path(folder) / "packed")
"""


def killed(folder: Path, deadly: int, how: str) -> bool:
    """Whether a bundle was there after a kill; if it was, all of it was, and it is in the end."""
    written(folder / "plain")
    assert lived(PACK, folder, deadly, how).returncode == 9
    there = (folder / "packed").exists()
    assert not there or Bundle.open(folder / "packed").digest == GOLDEN
    assert tree(folder / "plain") == FILES
    assert Bundle.pack(folder / "plain", folder / "packed").digest == GOLDEN
    return there


@pytest.mark.parametrize("how", ["before", "halfway", "after"])
def test_a_kill_at_any_step_leaves_nothing_or_all(how, tmp_path):
    written(tmp_path / "unharmed" / "plain")
    calls = lived(PACK, tmp_path / "unharmed").stdout.strip()
    assert (
        calls == "sr" + "wsr" * 2 + "wsr" + "r"
    )  # an empty file and two, the manifest, the folder
    fatal = [n for n, death in deaths(calls) if death == how]
    ends = [killed(tmp_path / f"{n}", n, how) for n in fatal]
    assert ends == [how == "after"] * len(fatal) and ends


def test_a_full_disk_leaves_nothing(plain, tmp_path, monkeypatch):
    def full(file, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space left"):
        Bundle.pack(plain, tmp_path / "t")
    assert os.listdir(tmp_path) == ["plain"]
