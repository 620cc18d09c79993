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


def test_a_gate_starts_without_what_it_does_not_need() -> None:
    """SciPy's distributions and its optimizers take longer to load than the rest of the gate."""
    code = (
        "import sys\nfrom labsupport.gate import Policy, gate\n"
        "from labsupport.outcomes import PairedOutcomes\n"
        "policy = Policy(0.005, max_gap=None, confidence=0.95)\n"
        "print(gate(PairedOutcomes(3900, 68, 32, 0), policy).decision)\n"
        "print(*{'scipy.stats', 'scipy.optimize', 'matplotlib', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["inconclusive"]
