"""The options of every stage of `python -m training`."""
