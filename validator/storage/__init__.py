"""Files on this machine and in any storage that fsspec reads: what each is, its bytes, fetched ahead of use."""
