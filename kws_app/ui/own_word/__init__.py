"""The way to a word of one's own: type it, say it, watch it learn, use it."""
