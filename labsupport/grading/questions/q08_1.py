"""08.1: which files of a bundle are not what its manifest says, and no name leads out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from labsupport.grading.damages import EDGES, KINDS, LINKS, NAMES
from labsupport.grading.exercise import Case, Question, Round, Told, mistake
from labsupport.grading.folders import Draft, ask_and_look, links_can_be_made, sha_of
from labsupport.grading.readers import listed, text


def read(value) -> tuple[str, ...]:
    """The names, in any order; a set will do as well."""
    if issubclass(type(value), set | frozenset):
        value = list(value)
    return tuple(sorted({text(name, "name of a file") for name in listed(value, "names of files")}))


# The right answer, and the parts in which it can be changed


def leads_out(folder: Path, name: str) -> bool:
    return goes_up(folder, name) or is_absolute(folder, name)


def goes_up(folder: Path, name: str) -> bool:
    return ".." in PurePosixPath(name).parts


def is_absolute(folder: Path, name: str) -> bool:
    return Path(name).is_absolute()


def never(*given) -> bool:
    return False


def through_a_link(folder: Path, name: str) -> bool:
    path = folder / name
    return any(part.is_symlink() for part in (path, *path.parents) if part != folder)


def is_a_link(folder: Path, name: str) -> bool:
    return (folder / name).is_symlink()


def resolved_outside(folder: Path, name: str) -> bool:
    return not (folder / name).resolve().is_relative_to(folder)


def starts_otherwise(folder: Path, name: str) -> bool:
    """Containment by the text of the path: /bundle and /bundle-old start alike."""
    return not str((folder / name).resolve()).startswith(str(folder))


def same_bytes(path: Path, entry: dict) -> bool:
    return sha_of(path.read_bytes()) == entry["sha256"]


def same_size(path: Path, entry: dict) -> bool:
    return path.stat().st_size == entry["size"]


def same_text(path: Path, entry: dict) -> bool:
    return sha_of(path.read_text(encoding="utf-8", errors="replace").encode()) == entry["sha256"]


def files_and_links(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    ]


def all_there_is(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*")]


def what_walks(folder: Path) -> list[str]:
    """What os.walk calls a file: no link to a folder."""
    return [name for name in files_and_links(folder) if not (folder / name).is_dir()]


def what_is_a_file(folder: Path) -> list[str]:
    return [name for name in files_and_links(folder) if (folder / name).is_file()]


def at_the_top(folder: Path) -> list[str]:
    return [name for name in files_and_links(folder) if "/" not in name]


def not_hidden(folder: Path) -> list[str]:
    return [name for name in files_and_links(folder) if not f"/{name}".count("/.")]


def nothing(folder: Path) -> list[str]:
    return []


def verifying(
    out: Callable = leads_out,
    linked: Callable = through_a_link,
    missing: bool = True,
    same: Callable = same_bytes,
    there: Callable = files_and_links,
    told: Callable = lambda folder, wrong: wrong,
) -> Callable:
    """verify(folder, manifest), with any of its steps replaced."""

    def verify(folder, manifest):
        wrong = []
        for name, entry in manifest.items():
            path = folder / name
            if out(folder, name) or linked(folder, name):
                wrong.append(name)
            elif not path.is_file():
                wrong += [name] * missing
            elif not same(path, entry):
                wrong.append(name)
        return told(folder, wrong + [name for name in there(folder) if name not in manifest])

    return verify


right_answer = verifying()


# The cases


def drawn(rng, kinds, names=NAMES) -> list[Case]:
    made = []
    for about, change in kinds.items():
        draft = Draft(rng, right_answer, names)
        may = change(draft) or set()
        made.append(draft.case(about, may))
    return made


def cases(rng) -> list[Case]:
    return drawn(rng, KINDS | (LINKS if links_can_be_made() else {}))


def edges(rng) -> list[Case]:
    return drawn(rng, EDGES, ())


# What is said


def right(case: Case, said) -> bool:
    must, may = case.expected
    return must <= set(said) <= must | may


def otherwise(case: Case, said) -> str:
    folder, manifest = case.args
    must, may = case.expected
    if set(said) - set(manifest) - set(all_there_is(folder)):
        return f"A name in the answer is in no manifest and no folder, on {case.about}."
    if set(said) - must - may:
        return f"A file is named that is as the manifest says, on {case.about}."
    return f"Something that is wrong is not named, on {case.about}."


def one_at_most(told: Sequence[Told]) -> bool:
    """Each answer holds one of the names that it should, whichever comes first."""
    return all(
        len(said) == bool(case.expected[0]) and set(said) <= set.union(*map(set, case.expected))
        for case, said in told
    )


def full_paths(folder: Path, wrong: list[str]) -> list[str]:
    return [str(folder / name) for name in wrong]


def last_parts(folder: Path, wrong: list[str]) -> list[str]:
    return [PurePosixPath(name).name for name in wrong]


def set_of_digests(folder: Path, manifest) -> list[str]:
    """A file is right when its digest is in the manifest, whoever it belongs to."""
    known = {entry["sha256"] for entry in manifest.values()}
    return verifying(same=lambda path, entry: sha_of(path.read_bytes()) in known)(folder, manifest)


QUESTION = Question(
    "08.1",
    cases,
    read=read,
    same=lambda a, b: a == b,
    right=right,
    otherwise=otherwise,
    ask=ask_and_look,
    then=[Round(edges, (), otherwise, right=right, edges=tuple(EDGES))],
    verified="What was changed, is missing, is extra, leads out or is a link has been named, and "
    "nothing else.",
    mistakes=[
        mistake(
            "names without contents",
            "A file whose bytes were changed passes here; the names are compared and nothing of "
            "what is in the files.",
            verifying(same=lambda path, entry: True),
            lambda folder, manifest: sorted(set(manifest) ^ set(files_and_links(folder))),
        ),
        mistake(
            "sizes only",
            "A changed byte passes where the size stays the same; only a digest knows every byte.",
            verifying(same=same_size),
        ),
        mistake(
            "read as text",
            "A file with other line ends passes; read as text, every kind of line end becomes the "
            "same.",
            verifying(same=same_text),
        ),
        mistake(
            "any digest of the manifest",
            "Two files that changed places pass; each digest belongs to one name.",
            set_of_digests,
        ),
        mistake(
            "missing files ignored",
            "A file that is missing is not named; what the manifest names has to be there.",
            verifying(missing=False),
        ),
        mistake(
            "extra files ignored",
            "A file that the manifest does not name is never noticed; go through the folder as "
            "well.",
            verifying(there=nothing),
        ),
        mistake(
            "extra files at the top alone",
            "An extra file in a folder within is not noticed; go through all of the folders.",
            verifying(there=at_the_top),
        ),
        mistake(
            "folders named",
            "A folder is named, for nothing but being there; a manifest lists files.",
            verifying(there=all_there_is),
            verifying(there=all_there_is, linked=is_a_link),
        ),
        mistake(
            "hidden files ignored",
            "A file whose name begins with a dot is not noticed; to whoever loads a file it is not "
            "hidden.",
            verifying(there=not_hidden),
        ),
        mistake(
            "the first fault only",
            "One name is all that is ever given; where several files are wrong, all of them are "
            "asked for.",
            verifying(told=lambda folder, wrong: wrong[:1]),
            verifying(told=lambda folder, wrong: wrong[-1:]),
            when=one_at_most,
        ),
        mistake(
            "up and out followed",
            "A name that leads up and out of the folder passes, if only its file has the digest "
            "that the manifest wants.",
            verifying(out=is_absolute),
            verifying(out=lambda folder, name: is_absolute(folder, name) or name[:2] == ".."),
        ),
        mistake(
            "absolute path followed",
            "An absolute path passes; a folder joined with one is that path, and the folder is "
            "gone.",
            verifying(out=goes_up),
            verifying(out=lambda folder, name: ".." in name),
        ),
        mistake(
            "every path followed",
            "Whatever the manifest names is opened, wherever it lies; a manifest may name only "
            "what is in the folder.",
            verifying(out=never),
            verifying(out=never, linked=never),
            verifying(out=never, linked=never, there=what_walks),
        ),
        mistake(
            "containment by text",
            "A folder beside, whose name only begins like that of the bundle, is taken for the "
            "bundle; compare parts of a path and not its letters.",
            verifying(out=starts_otherwise),
            verifying(out=starts_otherwise, linked=never),
            verifying(out=starts_otherwise, linked=is_a_link),
        ),
        mistake(
            "links followed",
            "A link passes for the file that it leads to; whoever may write there can change it "
            "later.",
            verifying(linked=never),
            verifying(linked=never, there=what_walks),
        ),
        mistake(
            "links within followed",
            "A link from one file of the bundle to another passes, because it stays inside; a link "
            "is no file.",
            verifying(out=resolved_outside, linked=never),
        ),
        mistake(
            "linked folders followed",
            "A folder that is a link passes; only the last part of a path is asked whether it is "
            "one.",
            verifying(linked=is_a_link),
            verifying(linked=is_a_link, there=what_walks),
        ),
        mistake(
            "extra links to folders unseen",
            "An extra link to a folder is not noticed; it is no file, and not a folder of the "
            "bundle either.",
            verifying(there=what_walks),
        ),
        mistake(
            "extra links to nothing unseen",
            "An extra link is not noticed unless it leads to a file; ask what is there, not where "
            "it leads.",
            verifying(there=what_is_a_file),
        ),
        mistake(
            "whole paths for names",
            "The answer holds whole paths; a name is what the manifest calls a file.",
            verifying(told=full_paths),
        ),
        mistake(
            "names without their folders",
            "The answer holds the last part of each name; the folders are part of a name.",
            verifying(told=last_parts),
        ),
    ],
)
