"""Makes the models that kws_app listens with: data, training, quantisation, export, evaluation."""
