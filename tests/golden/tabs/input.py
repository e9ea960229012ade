import torch
import torch.nn as nn


class Gate(nn.Module):
	def __init__(self, dim):
		super().__init__()
		self.register_buffer("scale", torch.ones(dim))
		with torch.no_grad():
			self.scale.mul_(2)
			self.scale.add_(1)  # three

	def forward(self, x):
		return torch.exp(x) * self.scale
