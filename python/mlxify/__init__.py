"""mlxify: a compiler from PyTorch model source to Apple MLX model source.

The compiler is the program `mlxify`; this package holds what runs in Python: the workers that execute models for the
verifier, and plain-torch references of libraries that need a GPU.
"""

__version__ = "0.1.0"
