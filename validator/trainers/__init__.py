"""A room for every trainer. What only one trainer needs stands in its own folder; shared code asks `base.Trainer`."""
