"""Where release 0.6.0 keeps `fla.modules.fused_norm_gate`."""

from ..fused_norm_gate import *
