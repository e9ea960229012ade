import torch


def f(args, device):
    with torch.no_grad():
        if args:
            torch.cuda.empty_cache()
    return 1


def g(device):
    try:
        pass
    except RuntimeError:
        with torch.cuda.device(device):
            torch.cuda.empty_cache()


def h():
    with torch.no_grad():
        torch.cuda.empty_cache()
    return 1


def used(x):
    return torch.relu(x)
