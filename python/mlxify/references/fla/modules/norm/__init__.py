"""Where release 0.6.0 keeps the norms."""

from ..fused_norm_gate import *
from ..l2norm import L2Norm, l2_norm
from ..layernorm import *
from ..layernorm_gated import LayerNormGated, RMSNormGated
