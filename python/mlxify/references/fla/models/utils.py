"""Another path of `fla.models.cache_utils`."""

from .cache_utils import *
