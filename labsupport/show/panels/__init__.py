"""The panels of the lessons, one module a lesson, under the lesson's word.

PANELS has them all, {word: Panel}: the modules of this package, each with its PANEL.
"""

from importlib import import_module
from pkgutil import iter_modules

_WORDS = [module.name for module in iter_modules(__path__)]
PANELS = {word: import_module(f"{__name__}.{word}").PANEL for word in _WORDS}
