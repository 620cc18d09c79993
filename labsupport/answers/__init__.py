"""Answers that other people wrote, called where they can do no harm.

plain     what an answer returned, as text that nobody needs to trust
outcome   what came of one call
calls     an answer called once, here or there
folders   a folder as what is in it
room      how much an answer may leave in its folder
confine   what a process gives up for good before it runs an answer
landlock  files that a process gives up for good
shelter   which walls this machine can put around a process, found out by trying
stage     what a worker sees of the lab: all but the questions
worker    the other side: a process that runs cells and calls what they define
sandbox   this side: a worker that is kept ready
remote    a submission in it, and its functions as if they were here
packing   arguments for the way there
stopping  a call in a thread that ends when its time is up

Nothing here knows a question. Expected values stay on this side, and a worker is believed nothing
but what an answer says.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "outcome": ("Outcome", "RemoteAnswer", "TimeUp", "WorkerEnded"),
        "remote": ("Cell", "Submission"),
        "sandbox": ("Limits", "Sandbox"),
        "shelter": ("Shelter", "find_shelter", "shelters", "works"),
        "stage": ("build_stage", "modules"),
    },
)
