"""Another path of `fla.modules.convolution`."""

from ..convolution import *
