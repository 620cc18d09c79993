"""Packages whose names load a module when asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ["labsupport.validation", "labsupport.delivery", "labsupport.evals"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_there_and_listed(package: str) -> None:
    module = import_module(package)
    assert module.__all__ == sorted(set(module.__all__)) != []
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_alone_loads_none_of_its_modules(package: str) -> None:
    code = f"import sys, {package}; print(*(n for n in sys.modules if n.startswith('{package}.')))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []
