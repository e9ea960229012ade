"""The registry's decorator, which leaves a function as it is."""

from . import register_model
