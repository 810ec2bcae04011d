"""Makes the models that kws_app listens with: data, training, quantisation, export, evaluation."""

import os

from kws_app.commands.detect import ONE_THREAD

for _name in ONE_THREAD:  # before anything loads NumPy
    os.environ.setdefault(_name, "1")
