"""The window and its parts. Only these files, worker.py and __main__.py import Qt."""
