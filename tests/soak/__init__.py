"""The soak: hours of listening to a virtual microphone with faults, and an account of all words."""
