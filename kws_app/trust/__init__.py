"""A model from a stranger is a program: what is looked at before any of it runs, and where it runs first."""
