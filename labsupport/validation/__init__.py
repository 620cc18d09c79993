"""Cheap checks of data and training, before a cluster is touched.

distances     PSI, L-infinity, KS over the same bins
chance        how often a threshold is exceeded without drift; the threshold for a wanted rate
psi_chance    the same for PSI
counting      values into bins, fast
chunks        a snapshot piece by piece
reference     a reference snapshot in a few kilobytes
policy        what a snapshot must keep to; a finding
measures      one column against its profile
schema        types, domains, presence, uniqueness, rules, by pandera
snapshot      all of it, in one verdict
smoke         a few steps of training on a tiny sample
frames        the real sets as frames
damage        ten ways in which a snapshot goes wrong
sealed        a damage that nobody has seen

A name is imported when it is asked for: who compares two lists of counts loads no pandas.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "chance": ("ks_rate", "lost_rate", "new_rate", "share_rate", "threshold"),
        "damage": ("DAMAGES", "possible", "spoil"),
        "distances": ("ks", "l_infinity", "psi"),
        "frames": ("employment_frame", "flights_frame", "frame_of", "halves"),
        "policy": ("DataPolicy", "Finding"),
        "psi_chance": ("psi_rate",),
        "reference": ("Profile", "profile"),
        "schema": ("schema_of",),
        "smoke": ("Trainer", "smoke_test"),
        "snapshot": ("validate",),
    },
)
