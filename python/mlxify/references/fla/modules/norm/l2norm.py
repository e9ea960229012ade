"""Where release 0.6.0 keeps `fla.modules.l2norm`."""

from ..l2norm import *
