"""The fixtures of browser_lab, for all tests here."""

from browser_lab import demo, jupyterlab, page  # noqa: F401
