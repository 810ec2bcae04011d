"""What training can do: a function for each stage, with a typed request and a typed result. `__main__.py` calls them.

A stage prints nothing: it tells a Progress how far it is. It ends when the Progress is cancelled. The same request then
goes on where it was cut. Every stage raises ValueError for settings that make no sense, and OSError for files that
cannot be read or written.
"""
