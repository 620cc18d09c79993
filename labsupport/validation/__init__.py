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
"""

from labsupport.validation.chance import ks_rate, lost_rate, new_rate, share_rate, threshold
from labsupport.validation.damage import DAMAGES, possible, spoil
from labsupport.validation.distances import ks, l_infinity, psi
from labsupport.validation.frames import employment_frame, flights_frame, halves
from labsupport.validation.policy import DataPolicy, Finding
from labsupport.validation.psi_chance import psi_rate
from labsupport.validation.reference import Profile, profile
from labsupport.validation.schema import schema_of
from labsupport.validation.smoke import Trainer, smoke_test
from labsupport.validation.snapshot import validate

__all__ = [
    "DAMAGES",
    "DataPolicy",
    "Finding",
    "Profile",
    "Trainer",
    "employment_frame",
    "flights_frame",
    "halves",
    "ks",
    "ks_rate",
    "l_infinity",
    "lost_rate",
    "new_rate",
    "possible",
    "profile",
    "psi",
    "psi_rate",
    "schema_of",
    "share_rate",
    "smoke_test",
    "spoil",
    "threshold",
    "validate",
]
