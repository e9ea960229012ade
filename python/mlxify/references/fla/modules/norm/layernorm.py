"""Where release 0.6.0 keeps `fla.modules.layernorm`."""

from ..layernorm import *
