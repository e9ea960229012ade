import mlx.core as mx
import mlx.nn as nn


class Gate(nn.Module):
	def __init__(self, dim):
		super().__init__()
		self.scale = mx.ones(dim)
		self.freeze(keys=["scale"], recurse=False)
		self.scale = self.scale * 2
		self.scale = self.scale + 1  # three

	def __call__(self, x):
		return mx.exp(x) * self.scale
