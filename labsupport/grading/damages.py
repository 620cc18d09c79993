"""What can be wrong with a folder and its manifest: each changes a draft that is whole."""

from __future__ import annotations

import os
from collections.abc import Callable

from labsupport.grading.folders import Draft, flipped

NAMES = ("weights.bin", "transform.json", "serving/config.json", "serving/limits.json")


def _a_changed_byte(draft: Draft) -> None:
    name = draft.one()
    data = draft.data(name)
    draft.write(name, flipped(data, int(draft.rng.integers(len(data)))))


def _two_exchanged(draft: Draft) -> None:
    one, other = draft.rng.choice(NAMES, 2, replace=False)
    first, second = draft.data(one), draft.data(other)
    draft.write(one, second)
    draft.write(other, first)


def _other_line_ends(draft: Draft) -> None:
    name = draft.one()
    draft.write(name, draft.data(name).replace(b"\n", b"\r\n"))


def _a_missing_file(draft: Draft) -> None:
    (draft.folder / draft.one()).unlink()


def _an_extra_file(name: str) -> Callable:
    return lambda draft: draft.write(name, draft.lines()) and None


def _several_faults(draft: Draft) -> None:
    one, other, third = (str(name) for name in draft.rng.choice(NAMES, 3, replace=False))
    (draft.folder / one).unlink()
    draft.write(other, draft.lines())
    draft.write(third, draft.lines())
    draft.write("notes.txt", draft.lines())


def _renamed(draft: Draft) -> None:
    name = draft.one()
    os.rename(draft.folder / name, draft.folder / f"{name}.old")


def _beside(name: str) -> Callable:
    """A manifest that names a file outside, which is there and has the very digest."""

    def change(draft: Draft) -> None:
        draft.put(f"../{name}", draft.lines())

    return change


def _up_from_within(draft: Draft) -> None:
    data = draft.lines()
    draft.write("../outside.bin", data)
    draft.tell("serving/../../outside.bin", data)


def _absolute(draft: Draft) -> None:
    data = draft.lines()
    draft.tell(draft.write("../outside.bin", data).resolve().as_posix(), data)


def _moved_and_linked(target: str) -> Callable:
    """A file of the manifest moved elsewhere, and a link to it in its place."""

    def change(draft: Draft) -> set[str]:
        path = draft.folder / draft.one()
        moved = draft.folder / target
        os.rename(path, moved)
        path.symlink_to(moved)
        return set()

    return change


def _link_to_its_twin(draft: Draft) -> None:
    one, other = draft.rng.choice(NAMES[:2], 2, replace=False)
    draft.tell(str(one), draft.data(other))
    (draft.folder / one).unlink()
    (draft.folder / one).symlink_to(draft.folder / other)


def _linked_folder(draft: Draft) -> set[str]:
    os.rename(draft.folder / "serving", draft.place / "serving")
    (draft.folder / "serving").symlink_to(draft.place / "serving")
    return {"serving"}  # the link itself may be named or not


def _an_extra_link(to: str) -> Callable:
    def change(draft: Draft) -> None:
        draft.write("../elsewhere/notes.txt", draft.lines())
        (draft.folder / "more").symlink_to(draft.place / to)

    return change


KINDS = {
    "a bundle that is whole": lambda draft: None,
    "a file with a changed byte": _a_changed_byte,
    "two files that changed places": _two_exchanged,
    "a file with other line ends": _other_line_ends,
    "a missing file": _a_missing_file,
    "an extra file": _an_extra_file("notes.txt"),
    "an extra file in a folder": _an_extra_file("serving/notes.txt"),
    "an extra hidden file": _an_extra_file("serving/.notes"),
    "a _renamed file": _renamed,
    "several faults at once": _several_faults,
    "a manifest that leads up and out": _beside("outside.bin"),
    "a manifest that leads up from a folder within": _up_from_within,
    "a manifest with an _absolute path": _absolute,
    "a manifest that leads to a folder _beside with a longer name": _beside(
        "bundle-old/weights.bin"
    ),
}
LINKS = {
    "a link to a file outside": _moved_and_linked("../moved.bin"),
    "a link to another file of the bundle": _link_to_its_twin,
    "a folder that is a link": _linked_folder,
    "an extra link to a file": _an_extra_link("elsewhere/notes.txt"),
    "an extra link to a folder": _an_extra_link("elsewhere"),
    "an extra link to nowhere": _an_extra_link("nowhere"),
}


def _told_files(**files: bytes) -> Callable:
    """Files of these bytes, as the manifest says, and one more with the last byte changed."""

    def change(draft: Draft) -> None:
        for name, data in files.items():
            draft.put(f"{name}.bin", data)
            draft.put(f"other/{name}.bin", data)
        if data:
            draft.write(f"other/{name}.bin", flipped(data, len(data) - 1))

    return change


def _all_missing(draft: Draft) -> None:
    for name in NAMES:
        draft.tell(name, draft.lines())


def _no_manifest(draft: Draft) -> None:
    draft.write("weights.bin", draft.lines())
    draft.write("serving/config.json", draft.lines())


def _odd_names(draft: Draft) -> None:
    for name in ("a b.bin", "..weights", "weights..bin", "résumé.json", "-rf", "a/b/c/d/e"):
        draft.put(name, draft.lines())
    draft.write("a/b/c/d/f", draft.lines())


def _cut_short(draft: Draft) -> None:
    data = draft.lines()
    draft.put("weights.bin", data)
    draft.write("weights.bin", data[:-1])


def _all_alike(draft: Draft) -> None:
    data = draft.lines()
    for name in NAMES[:3]:
        draft.put(name, data)
    draft.tell(NAMES[3], data)


def _emptied(draft: Draft) -> None:
    draft.put("weights.bin", draft.lines())
    draft.write("weights.bin", b"")


EDGES = {
    "files that are no text": _told_files(a=bytes(range(256)), b=b"\xff\xfe\x00\r\n\x1a\r"),
    "empty files": _told_files(a=b"", b=b""),
    "a file of a megabyte": _told_files(a=bytes(range(256)) * 4096),
    "files of a single byte": _told_files(a=b"\n", b=b"\r"),
    "an empty folder and an empty manifest": lambda draft: None,
    "a folder without any of its files": _all_missing,
    "files and an empty manifest": _no_manifest,
    "names that look odd and are not": _odd_names,
    "a file that ends too soon": _cut_short,
    "a file that became empty": _emptied,
    "files that are all alike, and one is missing": _all_alike,
}
