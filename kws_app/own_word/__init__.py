"""The user's own word: takes of the user's voice, advice about a word, and the training beside the app."""
