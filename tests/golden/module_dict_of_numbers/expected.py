import mlx.nn as nn


class NumberedModules(dict):
    """Modules by name; `load_weights` looks for those whose names are numbers by their numbers."""

    def __getitem__(self, name):
        return self.get(str(name), {}) if isinstance(name, int) else super().__getitem__(name)


class Heads(nn.Module):
    def __init__(self, n: int, count):
        super().__init__()
        self.heads = NumberedModules({str(i): nn.Linear(n, n) for i in range(count)})
        self.norms = NumberedModules()
        for i in range(count):
            self.norms[str(i)] = nn.LayerNorm(n)

    def __call__(self, x):
        for name, head in self.heads.items():
            x = self.norms[name](head(x))
        return x
