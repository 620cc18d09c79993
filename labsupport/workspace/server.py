"""Open JupyterLab on the first lesson.

Everything JupyterLab is told lies in the folder `jupyter` beside this file; what it remembers goes
to build/jupyter. The user's own Jupyter configuration is neither read nor written.
"""

from __future__ import annotations

import os
import secrets
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from labsupport.workspace import ROOT, LabError, prepare_environment

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

FIRST_LESSON = "notebooks/00_start_here.ipynb"
DEFAULT_PORT = 8888
CONFIG = Path(__file__).with_name("jupyter")


def open_lab(port: int = DEFAULT_PORT, browser: bool = True, root: Path = ROOT) -> int:
    """Serve JupyterLab at 127.0.0.1 until Ctrl-C; the next free port if this one is taken.

    Parameters
    ----------
    port : where to start looking for a free port.
    browser : open the page in the default browser, where there is a display.

    Raises
    ------
    LabError : the first lesson is missing.
    """
    if not (root / FIRST_LESSON).is_file():
        raise LabError(
            f"{root / FIRST_LESSON} is missing; restore it with `git checkout {FIRST_LESSON}`."
        )
    prepare_environment(root)
    os.environ["JUPYTER_CONFIG_PATH"] = str(CONFIG)
    os.environ["JUPYTER_CONFIG_DIR"] = str(root / "build" / "jupyter")
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        os.environ.pop(name, None)

    from jupyterlab.labapp import LabApp  # reads the environment when it is imported

    # Only these server extensions, whatever else is installed: nbgrader and jupytext are used as
    # libraries.
    LabApp.serverapp_config = {
        "jpserver_extensions": {"jupyter_lsp": True, "jupyter_server_terminals": True}
    }
    app = LabApp.initialize_server(argv=_arguments(port, browser and _has_display(), root))
    app.io_loop.add_callback(
        _announce, app, port
    )  # said when it is true: once requests are answered
    _close_on_ctrl_c(app)
    app.start()
    print("The lab is closed.")
    return 0


def _announce(app: ServerApp, wanted: int) -> None:
    if app.port != wanted:
        print(f"Port {wanted} is taken; using {app.port}.")
    address = (
        f"http://127.0.0.1:{app.port}/lab/tree/{FIRST_LESSON}?token={app.identity_provider.token}"
    )
    print(
        f"\nThe lab is open. In a browser on this machine:\n\n    {address}\n\nCtrl-C here "
        "closes it.",
        flush=True,
    )


def _close_on_ctrl_c(app: ServerApp) -> None:
    """Shut down in order, kernels included; without a terminal, JupyterLab itself would leave them
    running.
    """

    def close(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C does not wait
        print("\nClosing the lab and its kernels ...", flush=True)
        app.stop(from_signal=True)

    signal.signal(signal.SIGINT, close)
    signal.signal(signal.SIGTERM, close)


def _arguments(port: int, browser: bool, root: Path) -> list[str]:
    arguments = [
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        f"--ServerApp.open_browser={browser}",
        f"--LabApp.open_browser={browser}",
        f"--IdentityProvider.token={os.environ.get('JUPYTER_TOKEN') or secrets.token_hex(24)}",
    ]
    if (
        hasattr(os, "geteuid") and os.geteuid() == 0
    ):  # a container, usually; the server listens to this machine only
        arguments.append("--allow-root")
    return arguments


def _has_display() -> bool:
    """False where a browser could only open inside the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
