"""The building blocks of torchvision.ops in plain torch."""
