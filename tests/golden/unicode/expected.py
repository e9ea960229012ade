import mlx.core as mx


def σ(μ: mx.array, ε: float = 1e-5) -> mx.array:
    # Größe über alle Kanäle: √(var + ε) 🙂
    日本 = μ.mean(axis=-1, keepdims=True)
    return mx.rsqrt(((μ - 日本) ** 2).mean(axis=-1) + ε)
