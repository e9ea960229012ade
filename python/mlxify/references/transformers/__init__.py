"""The activations of transformers in plain torch."""
