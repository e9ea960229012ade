"""Helpers of the language models; the models themselves are not part of this reference."""

from .cache_utils import Cache
