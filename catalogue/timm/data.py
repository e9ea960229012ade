"""The constants of timm.data."""

from mlxify.catalogue import *

constant("timm.data.IMAGENET_DEFAULT_MEAN", "timm.data.constants.IMAGENET_DEFAULT_MEAN", "(0.485, 0.456, 0.406)")
constant("timm.data.IMAGENET_DEFAULT_STD", "timm.data.constants.IMAGENET_DEFAULT_STD", "(0.229, 0.224, 0.225)")
constant(
    "timm.data.IMAGENET_INCEPTION_MEAN", "timm.data.constants.IMAGENET_INCEPTION_MEAN",
    "timm.data.IMAGENET_INCEPTION_STD", "timm.data.constants.IMAGENET_INCEPTION_STD", "(0.5, 0.5, 0.5)",
)
constant("timm.data.DEFAULT_CROP_PCT", "timm.data.constants.DEFAULT_CROP_PCT", "0.875")
