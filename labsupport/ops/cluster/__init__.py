"""Work that fans out: the same call on processes of this machine and on a cluster.

places    where it runs: `executor`
spreading one function over many items: `spread`
local     processes of this machine
dask      a Dask cluster, started here or found at an address
parcels   what travels, and how it ends

Nothing of Dask is loaded before a cluster is asked for.
"""

from labsupport.by_name import by_name

__all__, __getattr__, __dir__ = by_name(
    __name__,
    {
        "parcels": ("ClusterError", "WorkerDied"),
        "places": ("executor",),
        "spreading": ("spread",),
    },
)
