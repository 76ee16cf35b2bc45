"""The families of models whose counts are known: a record for each."""
