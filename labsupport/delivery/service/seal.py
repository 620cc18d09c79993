"""What a fleet's key was put under: an answer that was altered, or that another fleet gave, has
another seal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from labsupport.durable import replace_whole

KEY = "key"


def fleet_key(folder: Path) -> bytes:
    """The fleet's key; made when it is asked for first.

    Parameters
    ----------
    folder : of the fleet, which one process at a time drives.
    """
    path = Path(folder) / KEY
    if not path.exists():
        replace_whole(path, secrets.token_hex(32).encode())
        os.chmod(path, 0o600)
    return path.read_bytes()


def sealed(told: Mapping[str, object], key: bytes) -> dict[str, object]:
    """An answer, with its seal: HMAC-SHA-256 (RFC 2104) of all that it says."""
    return {**told, "seal": _seal(told, key)}


def is_whole(answer: Mapping[str, object], key: bytes) -> bool:
    """Whether this is an answer of this fleet, as it was given."""
    told = {name: value for name, value in answer.items() if name != "seal"}
    given = answer.get("seal")
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), _seal(told, key).encode()
    )


def _seal(told: Mapping[str, object], key: bytes) -> str:
    return hmac.new(
        key, json.dumps(dict(told), sort_keys=True).encode(), hashlib.sha256
    ).hexdigest()
