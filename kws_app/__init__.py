"""A live wake-word program: microphone or file in, keyword detections out."""

__version__ = "0.1.0"
