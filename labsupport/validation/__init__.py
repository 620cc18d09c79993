"""Cheap checks of data and training, before a cluster is touched.

distances     PSI, L-infinity, KS over the same bins
chance        how often a threshold is exceeded without drift; the threshold for a wanted rate
psi_chance    the same for PSI
counting      values into bins, fast
chunks        a snapshot piece by piece
profile       a reference snapshot in a few kilobytes
policy        what a snapshot must keep to; a finding
measures      one column against its profile
schema        types, domains, presence, uniqueness, rules, by pandera
snapshot      all of it, in one verdict
"""

from labsupport.validation.distances import ks, l_infinity, psi
from labsupport.validation.policy import DataPolicy, Finding
from labsupport.validation.profile import Profile, profile
from labsupport.validation.schema import schema_of
from labsupport.validation.snapshot import validate

__all__ = [
    "DataPolicy",
    "Finding",
    "Profile",
    "ks",
    "l_infinity",
    "profile",
    "psi",
    "schema_of",
    "validate",
]
