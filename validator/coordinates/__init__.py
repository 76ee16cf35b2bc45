"""Boxes and points that a text gives of a picture: read, the systems that they can be in, converted."""
