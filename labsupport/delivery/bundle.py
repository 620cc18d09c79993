"""A bundle: all that is delivered, in one folder, under one digest.

The digest is that of the manifest, and the manifest has the digest of every file. So the same files
have the same digest on every machine, and whoever knows the digest knows every byte. Times, modes
and the order of a folder are not part of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from labsupport.durable import digest as digest_of
from labsupport.durable import replace_whole

MANIFEST = "manifest.json"
VERSION = 1
_LARGEST_MANIFEST = 1 << 20  # bytes; nobody's memory is filled by a manifest
_HEX = re.compile(r"[0-9a-f]{64}")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class BundleError(ValueError):
    """A folder that is not the bundle that it should be; the text says why."""


@dataclass(frozen=True)
class Bundle:
    """A folder whose every byte was verified.

    Attributes
    ----------
    path : of the folder.
    digest : SHA-256 of the manifest, 64 hex digits: the bundle's name.
    files : {name: SHA-256}, names with "/" between folders.
    """

    path: Path
    digest: str
    files: Mapping[str, str]

    @classmethod
    def pack(cls, folder: Path, target: Path) -> Bundle:
        """Copy a folder's files into a new bundle. It is there whole or, after a kill, not at all.

        Parameters
        ----------
        folder : what to deliver.
        target : the bundle's folder. One that is this very bundle already stays as it is.

        Raises
        ------
        BundleError : no files, names that not every machine can hold, links, or another target.
        OSError : the disk is full, the folder cannot be read ...
        """
        folder, target = Path(folder), Path(target)
        files = dict(_files(folder))
        if MANIFEST in files:
            raise BundleError(f"{folder.name} has a {MANIFEST} already; pack the plain files.")
        if not files:
            raise BundleError(f"{folder.name} holds no files; there is nothing to deliver.")
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
        try:
            told = {name: _copy(path, beside / name) for name, path in sorted(files.items())}
            manifest = _written(told)
            replace_whole(beside / MANIFEST, manifest)
            if target.exists():
                return cls.open(target, digest_of(manifest))
            os.rename(beside, target)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        return cls.open(target, digest_of(manifest))

    @classmethod
    def open(cls, path: Path, digest: str | None = None) -> Bundle:
        """Verify a bundle, every byte of it.

        Parameters
        ----------
        path : of its folder.
        digest : what it must be; None: whatever its manifest says.

        Raises
        ------
        BundleError : it is not what it says, or not what was asked for.
        """
        path = Path(path)
        manifest = _manifest(path)
        found = digest_of(manifest)
        if digest is not None and found != digest:
            raise BundleError(
                f"{path.name} is bundle {found[:12]}, not {str(digest)[:12]}; deliver that one."
            )
        told = _understood(path, manifest)
        there = {name: file for name, file in _files(path) if name != MANIFEST}
        for names, says in (
            (told.keys() - there.keys(), "is missing"),
            (there.keys() - told.keys(), "is not in the manifest"),
        ):
            if names:
                raise BundleError(f"{path.name}: {min(names)} {says}; deliver the bundle again.")
        for name, (size, sha) in told.items():
            if there[name].stat().st_size != size or _hashed(there[name]) != sha:
                raise BundleError(f"{path.name}: {name} was changed; deliver the bundle again.")
        return cls(path, found, MappingProxyType({name: sha for name, (_, sha) in told.items()}))

    def read(self, name: str) -> bytes:
        """A file's bytes, verified once more: what was changed since is not served.

        Raises
        ------
        BundleError : there is no such file in the bundle, or it was changed.
        """
        if name not in self.files:
            raise BundleError(
                f"Bundle {self.digest[:12]} has no {name!r}; it has {', '.join(self.files)}."
            )
        try:
            data = _opened(self.path / name)
        except OSError as error:
            raise BundleError(
                f"{self.path.name}: {name} cannot be read: {error.strerror}."
            ) from None
        if digest_of(data) != self.files[name]:
            raise BundleError(f"{self.path.name}: {name} was changed; deliver the bundle again.")
        return data


def _written(told: Mapping[str, tuple[int, str]]) -> bytes:
    """The one way to write a manifest."""
    files = {name: {"sha256": sha, "size": size} for name, (size, sha) in told.items()}
    made = {"files": files, "version": VERSION}
    return json.dumps(made, sort_keys=True, separators=(",", ":")).encode()


def _manifest(path: Path) -> bytes:
    try:
        with open(path / MANIFEST, "rb") as file:
            data = file.read(_LARGEST_MANIFEST + 1)
    except OSError:
        raise BundleError(f"{path.name} holds no {MANIFEST}, so it is no bundle.") from None
    if len(data) > _LARGEST_MANIFEST:
        raise BundleError(f"{path.name}: a {MANIFEST} of more than 1 MiB is none.")
    return data


def _understood(path: Path, manifest: bytes) -> dict[str, tuple[int, str]]:
    """{name: (size, SHA-256)}, from a manifest that is written in the one way."""
    try:
        read = json.loads(manifest)
        version = read["version"]
        told = {name: (entry["size"], entry["sha256"]) for name, entry in read["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise BundleError(f"{path.name}: its {MANIFEST} cannot be understood.") from None
    if version != VERSION or isinstance(version, bool):
        raise BundleError(
            f"{path.name} is of version {version!r}, and this lab reads version {VERSION}."
        )
    for name, (size, sha) in told.items():
        _check_name(name)
        if type(size) is not int or size < 0 or not (isinstance(sha, str) and _HEX.fullmatch(sha)):
            raise BundleError(f"{path.name}: its {MANIFEST} has no size and SHA-256 of {name!r}.")
    if not told or _written(told) != manifest:
        raise BundleError(f"{path.name}: its {MANIFEST} is not written as this lab writes one.")
    _check_apart(told)
    return told


def _files(folder: Path, inside: str = "") -> Iterator[tuple[str, Path]]:
    """Each file below a folder, by its name with "/"; nothing but plain files and folders."""
    if not inside and (folder.is_symlink() or not folder.is_dir()):
        raise BundleError(f"{folder.name} is no folder.")
    found = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            name = inside + unicodedata.normalize("NFC", entry.name)
            _check_name(name)
            kind = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind):
                found |= dict(_files(Path(entry.path), f"{name}/"))
            elif stat.S_ISREG(kind):
                found[name] = Path(entry.path)
            else:
                raise BundleError(
                    f"{name} is a link or no plain file; a bundle holds the files themselves."
                )
    _check_apart(found)
    yield from found.items()


def _check_name(name: str) -> None:
    """Names that every file system can hold, inside the bundle."""
    parts = name.split("/")
    bad = any(
        part in ("", ".", "..")
        or part[-1] in " ."
        or _FORBIDDEN.search(part)
        or _RESERVED.fullmatch(part)
        for part in parts
    )
    if bad or name != unicodedata.normalize("NFC", name):
        raise BundleError(
            f"{name!r} is no name for a file in a bundle: it leaves the folder, or not every "
            "machine can hold it."
        )


def _check_apart(names: Mapping[str, object]) -> None:
    """No two names that some file system takes for one."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise BundleError(f"{other!r} and {name!r} are one file on some machines; rename one.")


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; size and SHA-256 of the bytes that were copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size, sha = 0, hashlib.sha256()
    with open(source, "rb") as file, open(target, "xb") as copy:
        while block := file.read(1 << 20):
            copy.write(block)
            sha.update(block)
            size += len(block)
        copy.flush()
        os.fsync(copy.fileno())
    return size, sha.hexdigest()


def _hashed(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> bytes:
    """The bytes of a file that is no link."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        return file.read()
