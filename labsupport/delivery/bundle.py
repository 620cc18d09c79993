"""A bundle: all that is delivered, in one folder, under one digest.

The digest is that of the manifest, and the manifest has the digest of every file. So the same files
have the same digest on every machine, and whoever knows the digest knows every byte. Times, modes
and the order of a folder are not part of it.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from labsupport.delivery.folder import (
    BundleError,
    called,
    caseless,
    check_name,
    files_in,
    read_plain,
)
from labsupport.durable import digest as digest_of
from labsupport.durable import replace_whole

MANIFEST = "manifest.json"
VERSION = 1
_LARGEST_MANIFEST = 1 << 24  # bytes, enough for 100,000 files; nobody's memory is filled by one
_HEX = re.compile(r"[0-9a-f]{64}")
_FAULTS = {"missing": "is missing", "extra": "is not in its manifest", "changed": "was changed"}


@dataclass(frozen=True)
class Bundle:
    """A folder whose every byte was verified.

    Attributes
    ----------
    path : of the folder.
    digest : SHA-256 of the manifest, 64 hex digits: the bundle's name.
    files : {name: SHA-256}, names with "/" between folders.
    sizes : {name: bytes}.
    """

    path: Path
    digest: str
    files: Mapping[str, str]
    sizes: Mapping[str, int]

    @classmethod
    def pack(cls, folder: Path, target: Path) -> Bundle:
        """Copy a folder's files into a new bundle. It is there whole or, after a kill, not at all.
        A kill can leave a `.TARGET.*.new` beside it, which nobody reads.

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
        if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(folder)):
            raise BundleError(
                f"{called(target)} lies in the folder that is packed; choose a place outside of it."
            )
        files = files_in(folder)
        _check_packable(folder, files)
        beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.new")
        try:
            told = {name: _copy(path, beside / name) for name, path in sorted(files.items())}
            manifest = _written(told)
            if len(manifest) > _LARGEST_MANIFEST:
                raise BundleError(
                    f"{called(folder)} holds {len(files):,} files, too many for one bundle; put "
                    "them into an archive first."
                )
            replace_whole(beside / MANIFEST, manifest)
            return cls._placed(beside, target, digest_of(manifest))
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    @classmethod
    def _placed(cls, beside: Path, target: Path, digest: str) -> Bundle:
        """Move a bundle to where it belongs, unless it is there already."""
        if not os.path.lexists(target):
            try:
                os.replace(beside, target)
            except OSError:
                if not os.path.lexists(target):  # nobody else was faster
                    raise
        try:
            return cls.open(target, digest)
        except BundleError as error:
            raise BundleError(
                f"{called(target)} is there and is not bundle {digest[:12]}, so it was left as it "
                "is; choose a new place."
            ) from error

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
        try:
            return cls._opened(path, digest)
        except OSError as error:
            raise BundleError(
                f"{called(path)} cannot be read ({error.strerror}); deliver the bundle again."
            ) from error

    @classmethod
    def _opened(cls, path: Path, digest: str | None) -> Bundle:
        there = files_in(path)
        manifest = there.pop(MANIFEST, None) and read_plain(path / MANIFEST, _LARGEST_MANIFEST)
        if manifest is None:
            raise BundleError(
                f"{called(path)} holds no {MANIFEST}, so it is no bundle; deliver one."
            )
        found = digest_of(manifest)
        if digest is not None and found != digest:
            raise BundleError(
                f"{called(path)} is bundle {found[:12]}, not {digest!s:.12}; deliver that."
            )
        told = _understood(path, manifest)
        _raise_for(path, "missing", told.keys() - there.keys())
        _raise_for(path, "extra", there.keys() - told.keys())
        for name, (size, sha) in told.items():
            _verified(path, name, read_plain(there[name], size), size, sha)
        return cls(
            path,
            found,
            MappingProxyType({name: sha for name, (_, sha) in told.items()}),
            MappingProxyType({name: size for name, (size, _) in told.items()}),
        )

    def read(self, name: str) -> bytes:
        """A file's bytes, verified once more: what was changed since is not served.

        Raises
        ------
        BundleError : there is no such file in the bundle, or it was changed.
        """
        if name not in self.files:
            known = ", ".join([*self.files][:9])
            raise BundleError(
                f"Bundle {self.digest[:12]} has no {name!r}; ask for what it has, as {known}."
            )
        size, sha = self.sizes[name], self.files[name]
        try:
            data = read_plain(self.path / name, size)
        except OSError:
            data = None
        return _verified(self.path, name, data, size, sha)


def _verified(path: Path, name: str, data: bytes | None, size: int, sha: str) -> bytes:
    """The bytes of a file, None if they cannot be had, if they are those of the manifest."""
    if data is None:
        _raise_for(path, "missing", [name])
    if len(data) != size or digest_of(data) != sha:
        _raise_for(path, "changed", [name])
    return data


def _raise_for(path: Path, fault: str, names) -> None:
    """Refuse a bundle for the first of these names, if there is one."""
    if names:
        raise BundleError(
            f"{called(path)}: {min(names)} {_FAULTS[fault]}; deliver the bundle again."
        )


def _check_packable(folder: Path, files: Mapping[str, Path]) -> None:
    """Is there something to deliver, and does it leave the manifest its name?"""
    if not files:
        raise BundleError(
            f"{called(folder)} holds no files, so there is nothing to deliver; add some."
        )
    for name in files:
        if caseless(name.split("/")[0]) == MANIFEST:
            raise BundleError(
                f"{called(folder)} has a {MANIFEST} already, and a bundle writes its own; rename "
                "it, or pack the plain files."
            )


def _written(told: Mapping[str, tuple[int, str]]) -> bytes:
    """The one way to write a manifest."""
    files = {name: {"sha256": sha, "size": size} for name, (size, sha) in told.items()}
    made = {"files": files, "version": VERSION}
    return json.dumps(made, sort_keys=True, separators=(",", ":")).encode()


def _understood(path: Path, manifest: bytes) -> dict[str, tuple[int, str]]:
    """{name: (size, SHA-256)}, from a manifest that is written in the one way."""
    again = "deliver a bundle that this lab has packed"
    if len(manifest) > _LARGEST_MANIFEST:
        raise BundleError(f"{called(path)}: a {MANIFEST} of more than 16 MiB is none; {again}.")
    try:
        read = json.loads(manifest)
        version = read["version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BundleError(
            f"{called(path)}: its {MANIFEST} cannot be understood; {again}."
        ) from None
    if type(version) is not int or version != VERSION:
        raise BundleError(
            f"{called(path)} is of version {version!r:.20}, and this lab reads {VERSION}; {again}."
        )
    try:
        told = {name: (entry["size"], entry["sha256"]) for name, entry in read["files"].items()}
    except (TypeError, KeyError, AttributeError):
        raise BundleError(
            f"{called(path)}: its {MANIFEST} cannot be understood; {again}."
        ) from None
    for name, (size, sha) in told.items():
        check_name(name)
        if type(size) is not int or size < 0 or not (isinstance(sha, str) and _HEX.fullmatch(sha)):
            raise BundleError(
                f"{called(path)}: its {MANIFEST} has no size and SHA-256 of {name!r}; {again}."
            )
    if not told or _written(told) != manifest:
        raise BundleError(
            f"{called(path)}: its {MANIFEST} is not written as this lab does; {again}."
        )
    return told


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; size and SHA-256 of the bytes that were copied."""
    data = read_plain(source)
    replace_whole(target, data)
    return len(data), digest_of(data)
