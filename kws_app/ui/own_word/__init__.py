"""The wizard that makes a new word: the user types it, says it, watches it learn, and uses it."""
