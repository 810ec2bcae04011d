"""The soak: hours of listening to a virtual microphone while things go wrong, with an account of what was heard."""
