"""What MLX assumes for keywords of its layers, losses and convolutions: such arguments are not written out."""

from mlxify.catalogue import *

defaults("mx.conv1d", stride=1, padding=0, dilation=1, groups=1)
defaults("mx.conv2d", stride=1, padding=0, dilation=1, groups=1)
defaults("mx.conv3d", stride=1, padding=0, dilation=1, groups=1)
defaults("mx.conv_transpose1d", stride=1, padding=0, dilation=1, output_padding=0, groups=1)
defaults("mx.conv_transpose2d", stride=1, padding=0, dilation=1, output_padding=0, groups=1)
defaults("mx.conv_transpose3d", stride=1, padding=0, dilation=1, output_padding=0, groups=1)
defaults("mx.pad", mode="constant", constant_values=0)

defaults("nn.Linear", bias=True)
defaults("nn.LayerNorm", eps=1e-5, affine=True, bias=True)
defaults("nn.RMSNorm", eps=1e-5)
defaults("nn.GLU", axis=-1)
defaults("nn.MaxPool1d", stride=None, padding=0)
defaults("nn.MaxPool2d", stride=None, padding=0)
defaults("nn.MaxPool3d", stride=None, padding=0)
defaults("nn.AvgPool1d", stride=None, padding=0)
defaults("nn.AvgPool2d", stride=None, padding=0)
defaults("nn.AvgPool3d", stride=None, padding=0)

defaults("nn.leaky_relu", negative_slope=0.01)
defaults("nn.hard_tanh", min_val=-1.0, max_val=1.0)
defaults("nn.hard_shrink", lambd=0.5)
defaults("nn.softshrink", lambd=0.5)
defaults("nn.glu", axis=-1)
defaults("nn.log_softmax", axis=-1)

defaults("nn.losses.mse_loss", reduction="mean")
defaults("nn.losses.l1_loss", reduction="mean")
defaults("nn.losses.smooth_l1_loss", beta=1.0, reduction="mean")
defaults("nn.losses.huber_loss", delta=1.0)
defaults("nn.losses.binary_cross_entropy", reduction="mean")
defaults("nn.losses.gaussian_nll_loss", full=False, eps=1e-6, reduction="mean")

defaults("nn.init.normal", mean=0.0, std=1.0)
defaults("nn.init.uniform", low=0.0, high=1.0)
defaults("nn.init.orthogonal", gain=1.0)
defaults("nn.init.glorot_uniform()", gain=1.0)
defaults("nn.init.glorot_normal()", gain=1.0)
defaults("nn.init.he_uniform()", mode="fan_in")
defaults("nn.init.he_normal()", mode="fan_in")
