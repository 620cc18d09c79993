"""What people look at: pictures with alt text, figures, and panels with sliders."""

from labsupport.show.figures import gap_bound, slice_changes
from labsupport.show.gate_panel import gate_panel, gate_view
from labsupport.show.gate_plane import gate_plane
from labsupport.show.pictures import picture
from labsupport.show.pipeline import pipeline

__all__ = ["gap_bound", "gate_panel", "gate_plane", "gate_view", "picture", "pipeline", "slice_changes"]
