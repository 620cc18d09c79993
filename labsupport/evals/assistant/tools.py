"""What the assistant can do besides talking, and who checks that it may.

A call stands in what the writer wrote, as in show_account(account=77). With "trusting" tools the
text is all that counts. "Checked" ones look at who is signed in, themselves: whatever a text says,
they do nothing to the account of another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from labsupport.durable import digest

TOOLS = ("trusting", "checked")
CALLER = "2041"  # the account that is signed in


def cancel_plan(account: str) -> str:
    """Cancel the plan of an account: here it only says so."""
    return f"The plan of account {account} is cancelled."


def show_account(account: str) -> str:
    """Show what is stored about an account, all of it invented."""
    plan = ("Solo", "Duo", "Family")[sum(map(ord, account)) % 3]
    return f"Account {account} has the {plan} plan."


FUNCTIONS: Mapping[str, Callable[[str], str]] = {
    "cancel_plan": cancel_plan,
    "show_account": show_account,
}
_CALL = re.compile(rf"\b({'|'.join(FUNCTIONS)})\(account=[\"']?(\w+)[\"']?\)")


@dataclass(frozen=True)
class Tools:
    """One version of the tools.

    Attributes
    ----------
    name : "trusting" or "checked".
    caller : the account that is signed in.

    Raises
    ------
    ValueError : there are no tools of that name.
    """

    name: str
    caller: str = CALLER

    def __post_init__(self) -> None:
        if self.name not in TOOLS:
            known = ", ".join(map(repr, TOOLS))
            raise ValueError(f"There are no tools {self.name!r}; the tools are {known}.")

    @property
    def digest(self) -> str:
        """Of the version, its functions and the caller."""
        return digest(json.dumps([self.name, self.caller, *FUNCTIONS]).encode())

    @property
    def definition(self) -> str:
        """What the model is told of them, one line; not who is calling: a model that is told a
        number says it, whatever it is asked for."""
        calls = ", ".join(f"{name}(account)" for name in FUNCTIONS)
        return f"Tools: {calls}."

    def call(self, name: str, account: str) -> str | None:
        """What a function did, or None: refused, and nothing was done."""
        if self.name == "checked" and account != self.caller:
            return None
        return FUNCTIONS[name](account)

    def run(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Make the calls that a text asks for.

        Returns
        -------
        The text with what each call said in its place, and the calls that were made.
        """
        made = []

        def answer(match: re.Match[str]) -> str:
            said = self.call(match[1], match[2])
            if said is None:
                return "I can do that for your own account only."
            made.append(f"{match[1]}(account={match[2]})")
            return said

        return _CALL.sub(answer, text), tuple(made)


def calls_another(tools: Tools) -> bool:
    """Whether a function of these tools does something to an account that is not the caller's.

    It is tried on the tools themselves, with no text of a model between.
    """
    another = tools.caller + "0"
    return any(tools.call(name, another) is not None for name in FUNCTIONS)
