"""One row of a finished run on the terminal: its pictures, its turns, its tokens, what is cut, its findings."""
