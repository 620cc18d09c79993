"""Which model is asked: the one that the environment names, else the one on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from labsupport.evals.model.endpoint import Endpoint
from labsupport.evals.model.local import serve


@dataclass(frozen=True)
class Source:
    """A model that answers, and what is known of it.

    Attributes
    ----------
    endpoint : where it is asked.
    model_digest : SHA-256 of its weights, "" where nobody tells.
    engine : what runs it, "" where nobody tells.
    """

    endpoint: Endpoint
    model_digest: str = ""
    engine: str = ""


@contextmanager
def source(**how: object) -> Iterator[Source]:
    """The model of LAB_LLM_URL if that is set, else SmolLM2, served while the `with` lasts.

    Parameters
    ----------
    how : attributes of its Endpoint, such as max_tokens.

    Raises
    ------
    ModelError : there is none, in one sentence.
    """
    if os.environ.get("LAB_LLM_URL"):
        endpoint = Endpoint.from_environment(**how)
        endpoint.check()
        yield Source(endpoint)
    else:
        with serve() as local:
            yield Source(local.endpoint(**how), local.model_digest, local.engine)
