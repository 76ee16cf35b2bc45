"""Results for people and machines: one emitter per format."""
