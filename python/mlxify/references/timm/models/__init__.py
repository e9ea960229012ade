"""Where timm kept its layers before they moved to timm.layers."""


def register_model(function):
    return function
