"""What people look at: pictures with alt text, figures, and panels with sliders."""

from labsupport.show.figures.costs import order_costs, saving_lines
from labsupport.show.figures.delivery import look_bounds, requests_hurt, rollout_minutes
from labsupport.show.figures.delivery_states import rollout_states
from labsupport.show.figures.evals import families_heat
from labsupport.show.figures.evals_judge import judge_exam
from labsupport.show.figures.evals_rates import rate_intervals
from labsupport.show.figures.evals_stale import held_out_families, suite_ages
from labsupport.show.figures.evals_verdict import candidate_parts
from labsupport.show.figures.gaps import gap_bound, slice_changes
from labsupport.show.figures.gate import gate_plane
from labsupport.show.figures.intervals import interval_bars, resampled_gains, worst_promotions
from labsupport.show.figures.intervals_pairs import paired_clouds, saved_and_refused
from labsupport.show.figures.noise import churn_edge, null_candidates, source_spread
from labsupport.show.figures.ops import fault_matrix, loop_days
from labsupport.show.figures.pipeline import pipeline
from labsupport.show.figures.slices import best_of_k, corrected, worn_out
from labsupport.show.figures.triggers import stream_weeks, successions
from labsupport.show.figures.validation import check_sizes, damage_matrix, false_alarms
from labsupport.show.panels.costs import cost_panel, cost_view
from labsupport.show.panels.delivery import delivery_panel, delivery_view
from labsupport.show.panels.evals import llm_panel, llm_view
from labsupport.show.panels.gate import gate_panel, gate_view
from labsupport.show.panels.intervals import interval_panel, interval_view
from labsupport.show.panels.noise import noise_panel, noise_view
from labsupport.show.panels.ops import loop_panel, loop_view
from labsupport.show.panels.slices import many_panel, many_view
from labsupport.show.panels.triggers import trigger_panel, trigger_view
from labsupport.show.panels.validation import validation_panel, validation_view
from labsupport.show.pictures import picture

__all__ = [
    "best_of_k",
    "candidate_parts",
    "check_sizes",
    "churn_edge",
    "corrected",
    "cost_panel",
    "cost_view",
    "damage_matrix",
    "delivery_panel",
    "delivery_view",
    "false_alarms",
    "families_heat",
    "fault_matrix",
    "gap_bound",
    "gate_panel",
    "gate_plane",
    "gate_view",
    "held_out_families",
    "interval_bars",
    "interval_panel",
    "interval_view",
    "judge_exam",
    "llm_panel",
    "llm_view",
    "look_bounds",
    "loop_days",
    "loop_panel",
    "loop_view",
    "many_panel",
    "many_view",
    "noise_panel",
    "noise_view",
    "null_candidates",
    "order_costs",
    "paired_clouds",
    "picture",
    "pipeline",
    "rate_intervals",
    "requests_hurt",
    "resampled_gains",
    "rollout_minutes",
    "rollout_states",
    "saved_and_refused",
    "saving_lines",
    "slice_changes",
    "source_spread",
    "stream_weeks",
    "successions",
    "suite_ages",
    "trigger_panel",
    "trigger_view",
    "validation_panel",
    "validation_view",
    "worn_out",
    "worst_promotions",
]
