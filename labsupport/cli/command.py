"""How a command is declared."""

from __future__ import annotations

import argparse
from typing import Any


def add_command(commands: Any, name: str, says: str, more: str = "") -> argparse.ArgumentParser:
    """A command whose own help says what it is for, and shows it."""
    return commands.add_parser(
        name,
        help=says,
        description=f"{says[0].upper()}{says[1:]}.",
        epilog=more or None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
