"""In-place pointwise methods: each gives the new value of what it changes."""

from catalogue.torch.arithmetic import copysign, heaviside, hypot, ldexp
from catalogue.torch.pointwise import clamp, erfc, frac, logit, sinc

from mlxify.catalogue import *


@rule("torch.Tensor.abs_", "torch.abs_", "torch.Tensor.absolute_", mutates="self")
def abs_(self):
    return mx.abs(self)


@rule("torch.Tensor.neg_", "torch.neg_", "torch.Tensor.negative_", "torch.negative_", mutates="self")
def neg_(self):
    return -self


@rule("torch.Tensor.exp_", "torch.exp_", mutates="self")
def exp_(self):
    return mx.exp(self)


@rule("torch.Tensor.exp2_", "torch.exp2_", mutates="self")
def exp2_(self):
    return 2**self


@rule("torch.Tensor.expm1_", "torch.expm1_", mutates="self")
def expm1_(self):
    return mx.expm1(self)


@rule("torch.Tensor.log_", "torch.log_", mutates="self")
def log_(self):
    return mx.log(self)


@rule("torch.Tensor.log2_", "torch.log2_", mutates="self")
def log2_(self):
    return mx.log2(self)


@rule("torch.Tensor.log10_", "torch.log10_", mutates="self")
def log10_(self):
    return mx.log10(self)


@rule("torch.Tensor.log1p_", "torch.log1p_", mutates="self")
def log1p_(self):
    return mx.log1p(self)


@rule("torch.Tensor.sqrt_", "torch.sqrt_", mutates="self")
def sqrt_(self):
    return mx.sqrt(self)


@rule("torch.Tensor.rsqrt_", "torch.rsqrt_", mutates="self")
def rsqrt_(self):
    return mx.rsqrt(self)


@rule("torch.Tensor.square_", "torch.square_", mutates="self")
def square_(self):
    return mx.square(self)


@rule("torch.Tensor.reciprocal_", "torch.reciprocal_", mutates="self")
def reciprocal_(self):
    return mx.reciprocal(self)


@rule("torch.Tensor.sin_", "torch.sin_", mutates="self")
def sin_(self):
    return mx.sin(self)


@rule("torch.Tensor.cos_", "torch.cos_", mutates="self")
def cos_(self):
    return mx.cos(self)


@rule("torch.Tensor.tan_", "torch.tan_", mutates="self")
def tan_(self):
    return mx.tan(self)


@rule("torch.Tensor.sinh_", "torch.sinh_", mutates="self")
def sinh_(self):
    return mx.sinh(self)


@rule("torch.Tensor.cosh_", "torch.cosh_", mutates="self")
def cosh_(self):
    return mx.cosh(self)


@rule("torch.Tensor.tanh_", "torch.tanh_", mutates="self")
def tanh_(self):
    return mx.tanh(self)


@rule("torch.Tensor.asin_", "torch.asin_", "torch.Tensor.arcsin_", "torch.arcsin_", mutates="self")
def asin_(self):
    return mx.arcsin(self)


@rule("torch.Tensor.acos_", "torch.acos_", "torch.Tensor.arccos_", "torch.arccos_", mutates="self")
def acos_(self):
    return mx.arccos(self)


@rule("torch.Tensor.atan_", "torch.atan_", "torch.Tensor.arctan_", "torch.arctan_", mutates="self")
def atan_(self):
    return mx.arctan(self)


@rule("torch.Tensor.asinh_", "torch.asinh_", "torch.Tensor.arcsinh_", "torch.arcsinh_", mutates="self")
def asinh_(self):
    return mx.arcsinh(self)


@rule("torch.Tensor.acosh_", "torch.acosh_", "torch.Tensor.arccosh_", "torch.arccosh_", mutates="self")
def acosh_(self):
    return mx.arccosh(self)


@rule("torch.Tensor.atanh_", "torch.atanh_", "torch.Tensor.arctanh_", "torch.arctanh_", mutates="self")
def atanh_(self):
    return mx.arctanh(self)


@rule("torch.Tensor.sigmoid_", "torch.sigmoid_", mutates="self")
def sigmoid_(self):
    return mx.sigmoid(self)


@rule("torch.Tensor.relu_", "torch.relu_", mutates="self")
def relu_(self):
    return nn.relu(self)


@rule("torch.Tensor.erf_", "torch.erf_", mutates="self")
def erf_(self):
    return mx.erf(self)


@rule("torch.Tensor.erfc_", "torch.erfc_", mutates="self")
def erfc_(self):
    return erfc(self)


@rule("torch.Tensor.erfinv_", mutates="self")
def erfinv_(self):
    return mx.erfinv(self)


@rule("torch.Tensor.sinc_", "torch.sinc_", mutates="self")
def sinc_(self):
    return sinc(self)


@rule("torch.Tensor.floor_", "torch.floor_", mutates="self")
def floor_(self):
    return mx.floor(self)


@rule("torch.Tensor.ceil_", "torch.ceil_", mutates="self")
def ceil_(self):
    return mx.ceil(self)


@rule("torch.Tensor.trunc_", "torch.trunc_", "torch.Tensor.fix_", "torch.fix_", mutates="self")
def trunc_(self):
    return mx.trunc(self)


@rule("torch.Tensor.frac_", "torch.frac_", mutates="self")
def frac_(self):
    return frac(self)


@rule("torch.Tensor.sign_", "torch.Tensor.sgn_", mutates="self")
def sign_(self):
    return mx.sign(self)


@rule("torch.Tensor.deg2rad_", "torch.deg2rad_", mutates="self")
def deg2rad_(self):
    return mx.radians(self)


@rule("torch.Tensor.rad2deg_", "torch.rad2deg_", mutates="self")
def rad2deg_(self):
    return mx.degrees(self)


@rule("torch.Tensor.bitwise_not_", mutates="self")
def bitwise_not_(self):
    return ~self


@rule("torch.Tensor.conj_physical_", "torch.conj_physical_", mutates="self")
def conj_physical_(self):
    return mx.conj(self)


@rule("torch.Tensor.round_", "torch.round_", mutates="self")
def round_(self, *, decimals=0):
    return mx.round(self, decimals=decimals)


@rule("torch.Tensor.logit_", "torch.logit_", mutates="self")
def logit_(self, eps=None):
    return logit(self, eps)


@rule("torch.Tensor.nan_to_num_", "torch.nan_to_num_", mutates="self")
def nan_to_num_(self, nan=0.0, posinf=None, neginf=None):
    return mx.nan_to_num(self, nan=nan, posinf=posinf, neginf=neginf)


@rule("torch.Tensor.clamp_", "torch.Tensor.clip_", "torch.clamp_", "torch.clip_", mutates="self", trap="gradients at bounds")
def clamp_(self, min=None, max=None):
    return clamp(self, min, max)


@rule("torch.Tensor.clamp_min_", "torch.clamp_min_", mutates="self")
def clamp_min_(self, min):
    return mx.maximum(self, min)


@rule("torch.Tensor.clamp_max_", "torch.clamp_max_", mutates="self")
def clamp_max_(self, max):
    return mx.minimum(self, max)


@rule("torch.Tensor.copysign_", mutates="self")
def copysign_(self, other):
    return copysign(self, other)


@rule("torch.Tensor.heaviside_", mutates="self")
def heaviside_(self, values):
    return heaviside(self, values)


@rule("torch.Tensor.hypot_", mutates="self")
def hypot_(self, other):
    return hypot(self, other)


@rule("torch.Tensor.ldexp_", mutates="self")
def ldexp_(self, other):
    return ldexp(self, other)
