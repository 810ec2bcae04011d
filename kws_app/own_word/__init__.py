"""A word of the user's own: takes of the user's voice, and the training that runs beside the app."""
