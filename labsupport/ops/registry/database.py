"""A registry's database in a file: made whole or not at all, and its files beside it."""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from labsupport.durable import only_one
from labsupport.ops.registry.entries import RegistryError, RegistryUnavailable

BESIDE = "lab.files"  # the tag of an experiment whose files lie beside the database
PATIENCE = 120.0  # seconds for another process to prepare the database, which takes 2 to 10
Progress = Callable[[int, int], None]


def tables_of_mlflow() -> type:
    """MLflow's store of tables, without what MLflow 3.17 makes SQLAlchemy 2.1 warn of, once, when
    it is imported.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The ``noload`` loader strategy", DeprecationWarning)
        import mlflow.store.db.utils
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    mlflow.store.db.utils.MAX_RETRY_COUNT = 3  # of 10, which are two minutes
    logging.getLogger("mlflow.store.db").setLevel(logging.CRITICAL)  # what it logs it raises too
    return SqlAlchemyStore


def files_of(path: Path) -> str:
    """Where the files of a database go."""
    return path.with_name(f"{path.stem}-files").as_uri()


def named_by(uri: str) -> Path:
    """The file that an sqlite URI names."""
    from sqlalchemy.engine import make_url

    named = make_url(uri).database
    if not named or named == ":memory:":
        raise RegistryError(f"{uri} names no file, so nothing would be kept: name one.")
    return Path(os.path.realpath(named))  # one name, however it was reached


def uri_of(path: Path) -> str:
    """A database's, whatever its folder is called."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=path.as_posix()).render_as_string()


def prepare(path: Path, progress: Progress | None) -> None:
    """Make the database, whole or not at all: in a file beside it, which then takes its place. Of
    several who come at once, one makes it, and the others wait.
    """
    if _is_there(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with only_one(path.with_name(f".{path.name}.lock")):
                if not _is_there(path):
                    _make(path, progress)
                return
        except BlockingIOError:
            if time.monotonic() > until:
                raise RegistryUnavailable(
                    f"Another process has been preparing {path.name} for two minutes: end it."
                ) from None
            time.sleep(0.05)


def _is_there(path: Path) -> bool:
    try:
        if not path.stat().st_size:
            return False
    except FileNotFoundError:
        return False
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error as error:
        raise database_said(error, path) from error
    if "alembic_version" not in tables:
        raise RegistryError(
            f"{path} is a database, but not one of MLflow's: name another file, or none."
        )
    return True


def _make(path: Path, progress: Progress | None) -> None:
    tables = tables_of_mlflow()
    new = path.with_name(f".{path.name}.new")
    _forget(new)  # what a killed process left
    uri = uri_of(new)
    try:
        with _watched(progress):
            store = tables(uri, files_of(path))
        store.engine.dispose()
        os.replace(new, path)
    except Exception as error:
        _forget(new)
        said = database_said(error, path)
        if said is None:
            raise
        raise said from error
    finally:
        tables._engine_map.pop(uri, None)


def follow(path: Path) -> None:
    """Where the folder was moved or copied, its files are found beside the database again: MLflow
    writes down whole paths.
    """
    files = files_of(path)
    try:
        with closing(sqlite3.connect(path)) as database:
            left = database.execute(
                "SELECT experiment_id, artifact_location FROM experiments JOIN experiment_tags "
                "USING (experiment_id) WHERE key = ? AND artifact_location <> ?",
                (BESIDE, files),
            ).fetchall()
            for experiment, old in left:
                for table, column, which in [
                    ("model_versions", "source", "TRUE"),
                    ("model_versions", "storage_location", "TRUE"),
                    ("runs", "artifact_uri", "experiment_id = :id"),
                    ("experiments", "artifact_location", "experiment_id = :id"),
                ]:
                    database.execute(
                        f"UPDATE {table} SET {column} = :new || substr({column}, length(:old) + 1) "
                        f"WHERE {which} AND substr({column}, 1, length(:old)) = :old",
                        {"id": experiment, "old": old, "new": files},
                    )
            database.commit()
    except sqlite3.Error as error:
        raise database_said(error, path) from error


def _forget(new: Path) -> None:
    for end in ("", "-journal", "-wal", "-shm"):
        new.with_name(new.name + end).unlink(missing_ok=True)


@contextmanager
def _watched(progress: Progress | None) -> Iterator[None]:
    """MLflow makes a database by all the changes that it ever went through; Alembic logs each."""
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config

    steps = sum(1 for _ in ScriptDirectory.from_config(_get_alembic_config("")).walk_revisions())
    done = 0

    class Count(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            nonlocal done
            if record.getMessage().startswith("Running upgrade"):
                done += 1
                if progress:
                    progress(done, steps)

    alembic = logging.getLogger("alembic.runtime.migration")
    before = alembic.level, alembic.propagate
    count = Count()
    alembic.addHandler(count)
    alembic.setLevel(logging.INFO)
    alembic.propagate = False
    try:
        yield
    finally:
        alembic.removeHandler(count)
        alembic.setLevel(before[0])
        alembic.propagate = before[1]


def database_said(error: BaseException | None, path: Path | None) -> Exception | None:
    """What a file made go wrong, as a sentence; None: it was not the file."""
    while error is not None:
        for cause in (error, getattr(error, "orig", None)):
            if isinstance(cause, sqlite3.Error):
                return _sentence(str(cause), path)
        error = error.__cause__ or error.__context__
    return None


def _sentence(words: str, path: Path | None) -> Exception:
    name = path.name if path else "the database"
    cannot = f"The registry cannot be written ({words})"
    if "full" in words or "disk I/O" in words:
        return OSError(errno.ENOSPC, cannot, str(path))
    if "readonly" in words or "unable to open" in words:
        return PermissionError(errno.EACCES, cannot, str(path))
    if "locked" in words or "busy" in words:
        return RegistryUnavailable(f"Another process keeps {name} locked: try again.")
    return RegistryError(
        f"{name} is no registry, or a damaged one ({words}): restore it, or name another file."
    )
