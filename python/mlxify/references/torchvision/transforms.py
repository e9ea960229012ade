"""Changes of images are no part of a model: names that can be imported, so that a file that trains its model can be, but not used."""

from .missing import placeholder as __getattr__
