"""What people look at: pictures with alt text, figures, and panels with sliders."""

from labsupport.show.cost_figures import cost_lines, order_costs
from labsupport.show.cost_panel import cost_panel, cost_view
from labsupport.show.figures import gap_bound, slice_changes
from labsupport.show.gate_panel import gate_panel, gate_view
from labsupport.show.gate_plane import gate_plane
from labsupport.show.interval_panel import interval_panel, interval_view
from labsupport.show.intervals import interval_bars, resampled_gains
from labsupport.show.many import best_of_k, corrected, measured_and_true, worn_out
from labsupport.show.many_panel import many_panel, many_view
from labsupport.show.noise import null_candidates, source_spread
from labsupport.show.noise_panel import noise_panel, noise_view
from labsupport.show.pictures import picture
from labsupport.show.pipeline import pipeline

__all__ = [
    "best_of_k",
    "corrected",
    "cost_lines",
    "cost_panel",
    "cost_view",
    "gap_bound",
    "gate_panel",
    "gate_plane",
    "gate_view",
    "interval_bars",
    "interval_panel",
    "interval_view",
    "many_panel",
    "many_view",
    "measured_and_true",
    "noise_panel",
    "noise_view",
    "null_candidates",
    "order_costs",
    "picture",
    "pipeline",
    "resampled_gains",
    "slice_changes",
    "source_spread",
    "worn_out",
]
