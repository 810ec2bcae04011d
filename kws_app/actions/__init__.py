"""What a detection sets off: a sound, a notification, a command, a webhook. No Qt; each runs in its own thread."""
