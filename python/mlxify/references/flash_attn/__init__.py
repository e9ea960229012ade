"""flash_attn's exact attention in plain torch."""

from .flash_attn_interface import flash_attn_func, flash_attn_kvpacked_func, flash_attn_qkvpacked_func
