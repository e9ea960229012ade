"""The common layers of timm (pytorch-image-models) in plain torch."""
