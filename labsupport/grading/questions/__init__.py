"""The questions of all exercises, one module each: question 03.2 is declared in q03_2."""

from importlib import import_module
from pkgutil import iter_modules

from labsupport.grading import old

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
QUESTIONS = old.QUESTIONS | {
    module.QUESTION.number: module.QUESTION for module in _MODULES if hasattr(module, "QUESTION")
}
