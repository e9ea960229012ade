"""Plain-torch reference of flash-linear-attention (semantics of fla-core 0.6.0 and flash-linear-attention 0.6.0).

The module paths of that release are served, and those of earlier ones (`fla.modules.l2norm`, `fla.modules.convolution`).
Kernels of the library compute in float32 and round once to the type of the input; so does every function here, except that
float64 stays float64.
"""

__version__ = "0.6.0"
