"""A word of one's own: its sounds, the talk it must not answer to, its heads, and the stage that makes its expert."""
