"""The actions after a detection, such as a command or a sound. No Qt; each action runs in a thread of its own."""
