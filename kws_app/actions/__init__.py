"""What a detection sets off, such as a command or a sound. No Qt; each action runs in a thread of its own."""
