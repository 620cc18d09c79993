"""Grading a class: submissions in, a table of marks and pages out.

submissions   whose notebooks there are, in any layout that a course site exports
sheet         what an exercise asks for, in the order of its notebook
marking       one submission: its cells run in a worker, its answers are judged here
class_marks   the whole class, spread over workers, resumed where it was cut off
table         grades.csv
alike         answers that are nearly the same, side by side
pages         a page for each student, and those for the instructor
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "alike": ("Alike", "find_alike"),
        "class_marks": ("ClassMarks", "grade_class"),
        "marking": ("Mark", "mark_submission"),
        "pages": ("write_pages",),
        "sheet": ("Sheet", "Step"),
        "submissions": ("Submission", "find_submissions"),
        "table": ("write_table",),
    },
)
