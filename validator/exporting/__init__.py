"""A finished run -> a filtered copy of its dataset. What is read is never changed; a new folder is written."""
