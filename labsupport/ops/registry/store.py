"""MLflow, opened: a database in a file with the models' files beside it, a database elsewhere, or a
tracking server. What goes wrong there is said in one sentence.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labsupport.ops.registry.database import (
    Progress,
    database_said,
    files_of,
    follow,
    named_by,
    prepare,
    tables_of_mlflow,
    uri_of,
)
from labsupport.ops.registry.entries import RegistryError, RegistryUnavailable

if TYPE_CHECKING:
    from mlflow import MlflowClient

DEFAULT = Path("build") / "registry.db"
SCHEMES = ("sqlite", "postgresql", "mysql", "mssql", "http", "https")

# Read by MLflow when it is imported, or asks a server. What the user has set stands.
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # not 7, which are minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


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
        return None if self.path is None else files_of(self.path)

    @contextmanager
    def asked(self) -> Iterator[MlflowClient]:
        """The client, whose errors become sentences.

        Raises
        ------
        RegistryUnavailable : nobody answers, or refuses to.
        RegistryError : it answers that this cannot be.
        OSError : the disk is full, the database may not be written ...
        """
        try:
            yield self.client
        except _errors() as error:
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
    uri = uri_of(DEFAULT.absolute()) if uri is None else str(uri)
    scheme = uri.split(":")[0].split("+")[0].lower()
    if scheme not in SCHEMES or ":" not in uri:
        raise RegistryError(
            f"{uri} is no registry that keeps its promises when two write to it: give the URI of "
            f"a database or of a server ({', '.join(SCHEMES)}), as sqlite:///build/registry.db."
        )
    path = named_by(uri) if scheme == "sqlite" else None
    if path is not None:
        uri = uri_of(path)
        prepare(path, progress)
        follow(path)
    from mlflow import MlflowClient

    if not scheme.startswith("http"):
        tables_of_mlflow()
    try:
        return Store(MlflowClient(tracking_uri=uri, registry_uri=uri), uri, path)
    except ImportError as error:
        raise RegistryError(f"A registry at {scheme}: needs a package ({error}).") from error
    except _errors() as error:
        raise _said(error, uri, path) from error


def _errors() -> tuple[type[Exception], ...]:
    """What MLflow raises: its own, and those of a database that cannot be reached at all."""
    from mlflow.exceptions import MlflowException

    known = sys.modules.get("sqlalchemy.exc")
    return (MlflowException,) if known is None else (MlflowException, known.SQLAlchemyError)


def _said(error: Exception, uri: str, path: Path | None) -> Exception:
    """What went wrong, as a sentence."""
    if (said := database_said(error, path)) is not None:
        return said
    uri = re.sub(r"//[^/@]*@", "//", uri)  # no password in a sentence
    words = " ".join(str(error).split())[:120]
    code = getattr(error, "error_code", "TEMPORARILY_UNAVAILABLE")
    if words.startswith("API request to") or code in ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"):
        return RegistryUnavailable(
            f"The registry at {uri} does not answer: start it, or name another one ({words})."
        )
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"):
        return RegistryUnavailable(f"The registry at {uri} does not let us in: {words}")
    return RegistryError(f"The registry at {uri} refuses: {words}")
