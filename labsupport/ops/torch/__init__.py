"""Training on several processes with PyTorch, which has an environment of its own (`make torch`).

train       the program that torchrun starts, once a process; the only module that imports torch
launch      starting torchrun from the lab's own environment
checkpoint  where a training stands, as a file that a kill cannot spoil
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "launch": ("TorchError", "train_on"),
        "checkpoint": ("Checkpoint", "read_checkpoint"),
    },
)
