"""How the rows of a run are checked: in one process or on a cluster, watched, a shard at a time."""
