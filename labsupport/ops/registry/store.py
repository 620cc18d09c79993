"""MLflow, opened: a database in a file with the models' files beside it, a database elsewhere, or a
tracking server. What goes wrong there is said in one sentence.
"""

from __future__ import annotations

import errno
import logging
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.durable import only_one
from labsupport.ops.registry.entries import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT = Path("build") / "registry.db"
BESIDE = "lab.files"  # the tag of an experiment whose files lie beside the database
SCHEMES = ("sqlite", "postgresql", "mysql", "mssql", "http", "https")
PATIENCE = 120.0  # seconds for another process to prepare the database, which takes 2 to 10
Progress = Callable[[int, int], None]

# Read by MLflow when it is imported, or asks a server. What the user has set stands.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # not 7, which are minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class RegistryUnavailable(ConnectionError):  # noqa: N818 - it says what happened
    """Nobody answers, or not now."""


@dataclass(frozen=True)
class Store:
    """An open MLflow.

    Attributes
    ----------
    client : MLflow's own.
    uri : where it is.
    path : of the database, where that is a file.
    """

    client: MlflowClient
    uri: str
    path: Path | None

    @property
    def files(self) -> str | None:
        """Where the models' files go: beside the database, or None: where the server says."""
        return None if self.path is None else _files(self.path)

    @contextmanager
    def asked(self) -> Iterator[MlflowClient]:
        """The client, whose errors become sentences.

        Raises
        ------
        RegistryUnavailable : nobody answers, or refuses to.
        RegistryError : it answers that this cannot be.
        OSError : the disk is full, the database may not be written ...
        """
        from mlflow.exceptions import MlflowException

        try:
            yield self.client
        except MlflowException as error:
            raise _said(error, self.uri, self.path) from error


def open_store(uri: str | None = None, progress: Progress | None = None) -> Store:
    """Open a registry, and make the database where it is a file that is not there yet.

    Parameters
    ----------
    uri : a tracking URI of MLflow; None: build/registry.db, below the current folder.
    progress : called with (steps done, all of them) while a new database is made.

    Raises
    ------
    RegistryError : no such kind of registry, or the file is none.
    RegistryUnavailable, OSError : see Store.asked.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    uri = _uri(DEFAULT.absolute()) if uri is None else str(uri)
    scheme = uri.split(":")[0].split("+")[0].lower()
    if scheme not in SCHEMES or ":" not in uri:
        raise RegistryError(
            f"{uri} is no registry that keeps its promises when two write to it: give the URI of "
            f"a database or of a server ({', '.join(SCHEMES)}), as sqlite:///build/registry.db."
        )
    path = _database(uri) if scheme == "sqlite" else None
    if path is not None:
        uri = _uri(path)
        _prepare(path, progress)
        _follow(path)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    if not scheme.startswith("http"):
        _tables()
    try:
        return Store(MlflowClient(tracking_uri=uri, registry_uri=uri), uri, path)
    except MlflowException as error:
        raise _said(error, uri, path) from error


def _tables() -> type:
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


def _files(path: Path) -> str:
    return path.with_name(f"{path.stem}-files").as_uri()


def _database(uri: str) -> Path:
    """The file that an sqlite URI names."""
    from sqlalchemy.engine import make_url

    named = make_url(uri).database
    if not named or named == ":memory:":
        raise RegistryError(f"{uri} names no file, so nothing would be kept: name one.")
    return Path(os.path.realpath(named))  # one name, however it was reached


def _uri(path: Path) -> str:
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=path.as_posix()).render_as_string()


def _prepare(path: Path, progress: Progress | None) -> None:
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
        raise _sqlite_said(error, path) from error
    if "alembic_version" not in tables:
        raise RegistryError(
            f"{path} is a database, but not one of MLflow's: name another file, or none."
        )
    return True


def _make(path: Path, progress: Progress | None) -> None:
    tables = _tables()
    new = path.with_name(f".{path.name}.new")
    _forget(new)  # what a killed process left
    uri = _uri(new)
    try:
        with _watched(progress):
            store = tables(uri, _files(path))
        store.engine.dispose()
        os.replace(new, path)
    except Exception as error:
        _forget(new)
        if isinstance(error, OSError):
            raise
        raise _said(error, uri, path) from error
    finally:
        tables._engine_map.pop(uri, None)


def _follow(path: Path) -> None:
    """Where the folder was moved or copied, its files are found beside the database again: MLflow
    writes down whole paths.
    """
    files = _files(path)
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
        raise _sqlite_said(error, path) from error


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


def _said(error: Exception, uri: str, path: Path | None) -> Exception:
    """What went wrong, as a sentence."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            return _sqlite_said(cause, path)
    words = " ".join(str(error).split())[:120]
    code = getattr(error, "error_code", "")
    if words.startswith("API request to") or code in ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"):
        return RegistryUnavailable(
            f"The registry at {uri} does not answer: start it, or name another one ({words})."
        )
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"):
        return RegistryUnavailable(f"The registry at {uri} does not let us in: {words}")
    return RegistryError(f"The registry at {uri} refuses: {words}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        yield from filter(None, [getattr(error, "orig", None)])
        error = error.__cause__ or error.__context__


def _sqlite_said(error: sqlite3.Error, path: Path | None) -> Exception:
    words, name = str(error), path.name if path else "the database"
    if "full" in words or "disk I/O" in words:
        return OSError(errno.ENOSPC, f"The registry cannot be written ({words})", str(path))
    if "readonly" in words or "unable to open" in words:
        return PermissionError(errno.EACCES, f"The registry cannot be written ({words})", str(path))
    if "locked" in words or "busy" in words:
        return RegistryUnavailable(f"Another process keeps {name} locked: try again.")
    return RegistryError(
        f"{name} is no registry, or a damaged one ({words}): restore it, or name another file."
    )
