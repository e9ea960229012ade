"""Where release 0.6.0 keeps `fla.modules.layernorm_gated`."""

from ..layernorm_gated import *
