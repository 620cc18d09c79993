"""One notebook: execute it in this process, and take from it what differs between machines."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).parent


def execute(
    lesson: Path, target: Path, parameters: dict[str, Any], cell_limit: float, as_page: bool
) -> str | None:
    """Execute a notebook into `target`, with a page beside it if asked for; None, or a sentence
    with the cell and error.
    """
    import papermill  # here, because it takes a second and the parent does not need it
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    # what goes wrong is said once, in the sentence below
    logging.getLogger("papermill").setLevel(logging.CRITICAL)
    problem = None
    try:
        papermill.execute_notebook(
            literal(lesson),
            literal(target),
            parameters=parameters,
            kernel_name="python3",
            language="python",
            cwd=lesson.parent,
            progress_bar=False,
            start_timeout=60,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
            execution_timeout=int(cell_limit) if cell_limit >= 1 else 1,
        )
    except papermill.PapermillExecutionError as error:
        message = str(error.evalue).strip().splitlines()
        problem = (
            f"In [{error.exec_count}] {_first_line(error.source)}: {error.ename}: "
            f"{message[0] if message else ''}"
        )
    except CellTimeoutError:
        problem = f"{running_cell(target)} took more than {cell_limit:g} s"
    except DeadKernelError:
        problem = f"{running_cell(target)} ended its kernel (out of memory?)"
    if as_page:
        page = as_html(nbformat.read(target, as_version=4), target.stem)
        target.with_suffix(".html").write_text(page, encoding="utf-8")
    return problem


def literal(path: Path) -> str:
    """The path as papermill takes it: it fills in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def running_cell(executed: Path) -> str:
    """Name the cell that was running when papermill last saved the notebook."""
    started = [
        cell
        for cell in nbformat.read(executed, as_version=4).cells
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("start_time")
    ]
    return f"the cell {_first_line(started[-1].source)}" if started else "the start of the kernel"


def _first_line(source: str) -> str:
    lines = [line for line in source.splitlines() if line.strip()]
    return f"`{lines[0].strip()}`" if lines else "(empty)"


def title(notebook: nbformat.NotebookNode, otherwise: str) -> str:
    """The first heading of a notebook, or where there is none, something else."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (
            heading := re.search(r"^# +(.+)$", cell.source, re.MULTILINE)
        ):
            return heading[1].strip()
    return otherwise


def as_html(notebook: nbformat.NotebookNode, name: str) -> str:
    """A notebook as a page, light or dark as its reader has it; the folder `page` says how.

    Parameters
    ----------
    name : the title of the page where the notebook has no heading.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(extra_template_basedirs=[str(HERE)], template_name="page")
    titled = {"metadata": {"name": title(notebook, name)}}
    return exporter.from_notebook_node(notebook, resources=titled)[0]


def normalised(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same notebook without what differs between two machines: versions, times, papermill's
    traces, widget state.

    A widget's view is dropped because it shows nothing without its kernel, and with it what a panel
    stores of itself for its reader: a lesson shows that in its next cell. Cell ids and tags stay.
    """
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for key in ("papermill", "execution", "trusted"):
            cell.metadata.pop(key, None)
        if not cell.metadata.get("tags", True):
            del cell.metadata["tags"]
        if cell.cell_type == "code":
            cell.outputs = _merged([o for o in cell.outputs if not _of_widget(o)])
    return notebook


def _of_widget(output: nbformat.NotebookNode) -> bool:
    live = "application/vnd.jupyter.widget-view+json" in output.get("data", {})
    return live or "panel" in output.get("metadata", {})


def _merged(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Join neighbouring pieces of one stream: where a kernel cuts what a cell prints is an accident
    of timing. (nbclient's coalesce_streams joins all of a cell's, across what it showed between.)
    """
    merged: list[nbformat.NotebookNode] = []
    for output in outputs:
        if (
            merged
            and output.output_type == "stream" == merged[-1].output_type
            and output.name == merged[-1].name
        ):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged
