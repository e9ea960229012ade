import torch
import torch.nn as nn
from timm.models.layers import DropPath, to_2tuple, trunc_normal_
from timm.layers import LayerNorm2d, LayerScale, Mlp, PatchEmbed
from torchvision.ops import Permute, SqueezeExcitation, StochasticDepth


class Block(nn.Module):
    def __init__(self, dim=32, mlp_ratio=2.0, drop_path=0.1, act_layer=nn.GELU, norm_layer=nn.LayerNorm):
        super().__init__()
        self.norm = norm_layer(dim)
        self.mlp = Mlp(in_features=dim, hidden_features=int(dim * mlp_ratio), act_layer=act_layer, drop=0.1)
        self.scale = LayerScale(dim)
        self.drop_path = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()

    def forward(self, x):
        return x + self.drop_path(self.scale(self.mlp(self.norm(x))))


class Model(nn.Module):
    def __init__(self, img_size=32, patch_size=8, dim=32):
        super().__init__()
        self.size = to_2tuple(img_size)
        self.patch_embed = PatchEmbed(img_size=img_size, patch_size=patch_size, in_chans=3, embed_dim=dim)
        self.pos = nn.Parameter(torch.zeros(1, self.patch_embed.num_patches, dim))
        trunc_normal_(self.pos, std=0.02)
        self.block = Block(dim)
        self.norm = LayerNorm2d(dim)
        self.se = SqueezeExcitation(dim, dim // 4)
        self.depth = StochasticDepth(0.2, "row")
        self.permute = Permute([0, 2, 3, 1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.block(self.patch_embed(x) + self.pos)
        x = x.transpose(1, 2).reshape(x.shape[0], -1, self.size[0] // 8, self.size[1] // 8)
        x = self.norm(x)
        return self.permute(x + self.depth(self.se(x)))
