"""Whole models: names that can be imported, but not used."""

from .missing import placeholder as __getattr__
