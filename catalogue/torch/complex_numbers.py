"""Complex numbers (complex64 only) and Fourier transforms."""

from mlxify.catalogue import *


@rule("torch.complex")
def complex_of(real, imag):
    return real + 1j * imag


@rule("torch.polar")
def polar(abs, angle):
    return abs * mx.exp(1j * angle)


@rule("torch.view_as_real", view_of="input")
def view_as_real(input):
    return mx.stack([mx.real(input), mx.imag(input)], axis=-1)


@rule("torch.view_as_complex", view_of="input")
def view_as_complex(input):
    return input[..., 0] + 1j * input[..., 1]


@rule("torch.real", view_of="input")
def real(input):
    return mx.real(input)


@rule("torch.imag", view_of="input")
def imag(input):
    return mx.imag(input)


@attribute("torch.Tensor.real", view_of="self")
def real_part(self):
    return mx.real(self)


@attribute("torch.Tensor.imag", view_of="self")
def imag_part(self):
    return mx.imag(self)


@rule("torch.conj", "torch.Tensor.conj", "torch.conj_physical", "torch.Tensor.conj_physical")
def conj(input):
    return mx.conj(input)


@rule("torch.resolve_conj", "torch.resolve_neg", "torch.Tensor.resolve_conj", "torch.Tensor.resolve_neg")
def resolve_conj(input):
    return input


@rule("torch.angle", "torch.Tensor.angle")
def angle(input):
    if known(input.dtype != mx.complex64) and input.dtype != mx.complex64:
        return mx.where(input < 0, mx.pi, 0.0 * input)
    return mx.arctan2(mx.imag(input), mx.real(input))


@rule("torch.fft.fft")
def fft(input, n=None, dim=-1, norm=None):
    if norm is None:
        return mx.fft.fft(input, n=n, axis=dim)
    return mx.fft.fft(input, n=n, axis=dim, norm=norm)


@rule("torch.fft.ifft")
def ifft(input, n=None, dim=-1, norm=None):
    if norm is None:
        return mx.fft.ifft(input, n=n, axis=dim)
    return mx.fft.ifft(input, n=n, axis=dim, norm=norm)


@rule("torch.fft.rfft")
def rfft(input, n=None, dim=-1, norm=None):
    if norm is None:
        return mx.fft.rfft(input, n=n, axis=dim)
    return mx.fft.rfft(input, n=n, axis=dim, norm=norm)


@rule("torch.fft.irfft")
def irfft(input, n=None, dim=-1, norm=None):
    if norm is None:
        return mx.fft.irfft(input, n=n, axis=dim)
    return mx.fft.irfft(input, n=n, axis=dim, norm=norm)


def _axes(dim):
    if isinstance(dim, int):
        return [dim]
    return dim


# Sizes without axes are those of the last ones.
def _last_axes(dim, s):
    if dim is None and s is not None:
        return list(range(-len(s), 0))
    return _axes(dim)


@rule("torch.fft.fft2")
def fft2(input, s=None, dim=(-2, -1), norm=None):
    if norm is None:
        return mx.fft.fft2(input, s=s, axes=_axes(dim))
    return mx.fft.fft2(input, s=s, axes=_axes(dim), norm=norm)


@rule("torch.fft.ifft2")
def ifft2(input, s=None, dim=(-2, -1), norm=None):
    if norm is None:
        return mx.fft.ifft2(input, s=s, axes=_axes(dim))
    return mx.fft.ifft2(input, s=s, axes=_axes(dim), norm=norm)


@rule("torch.fft.rfft2")
def rfft2(input, s=None, dim=(-2, -1), norm=None):
    if norm is None:
        return mx.fft.rfft2(input, s=s, axes=_axes(dim))
    return mx.fft.rfft2(input, s=s, axes=_axes(dim), norm=norm)


@rule("torch.fft.irfft2")
def irfft2(input, s=None, dim=(-2, -1), norm=None):
    if norm is None:
        return mx.fft.irfft2(input, s=s, axes=_axes(dim))
    return mx.fft.irfft2(input, s=s, axes=_axes(dim), norm=norm)


@rule("torch.fft.fftn")
def fftn(input, s=None, dim=None, norm=None):
    if norm is None:
        return mx.fft.fftn(input, s=s, axes=_last_axes(dim, s))
    return mx.fft.fftn(input, s=s, axes=_last_axes(dim, s), norm=norm)


@rule("torch.fft.ifftn")
def ifftn(input, s=None, dim=None, norm=None):
    if norm is None:
        return mx.fft.ifftn(input, s=s, axes=_last_axes(dim, s))
    return mx.fft.ifftn(input, s=s, axes=_last_axes(dim, s), norm=norm)


@rule("torch.fft.rfftn")
def rfftn(input, s=None, dim=None, norm=None):
    if norm is None:
        return mx.fft.rfftn(input, s=s, axes=_last_axes(dim, s))
    return mx.fft.rfftn(input, s=s, axes=_last_axes(dim, s), norm=norm)


@rule("torch.fft.irfftn")
def irfftn(input, s=None, dim=None, norm=None):
    if norm is None:
        return mx.fft.irfftn(input, s=s, axes=_last_axes(dim, s))
    return mx.fft.irfftn(input, s=s, axes=_last_axes(dim, s), norm=norm)


@rule("torch.fft.fftshift")
def fftshift(input, dim=None):
    return mx.fft.fftshift(input, axes=_axes(dim))


@rule("torch.fft.ifftshift")
def ifftshift(input, dim=None):
    return mx.fft.ifftshift(input, axes=_axes(dim))


@rule("torch.fft.fftfreq")
def fftfreq(n, d=1.0, *, dtype=None, device=None, layout=None, requires_grad=False):
    return mx.fft.fftfreq(n, d)


@rule("torch.fft.rfftfreq")
def rfftfreq(n, d=1.0, *, dtype=None, device=None, layout=None, requires_grad=False):
    return mx.fft.rfftfreq(n, d)


@rule("torch.fft.hfft")
def hfft(input, n=None, dim=-1, norm=None):
    length = 2 * (input.shape[dim] - 1) if n is None else n
    scale = {None: length, "backward": length, "ortho": length**0.5, "forward": 1}[norm]
    return mx.fft.irfft(mx.conj(input), n=length, axis=dim) * scale


@rule("torch.fft.ihfft")
def ihfft(input, n=None, dim=-1, norm=None):
    length = input.shape[dim] if n is None else n
    scale = {None: length, "backward": length, "ortho": length**0.5, "forward": 1}[norm]
    return mx.conj(mx.fft.rfft(input, n=length, axis=dim)) / scale


never("torch.fft.*", "MLX does not have this transform", suggest="express it by fft, rfft or irfft")


def _reflected(input, width):
    """Adds mirrored samples at both ends, without the end itself."""
    left = input[..., 1 : width + 1][..., ::-1]
    right = input[..., input.shape[-1] - width - 1 : input.shape[-1] - 1][..., ::-1]
    return mx.concatenate([left, input, right], axis=-1)


def _frame_window(window, win_length, n_fft):
    """The window in the middle of a frame of `n_fft` samples; ones without a window."""
    if window is None:
        window = mx.ones(win_length)
    before = (n_fft - win_length) // 2
    return mx.pad(window, [(before, n_fft - win_length - before)])


@rule("torch.stft", "torch.Tensor.stft")
def stft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    pad_mode="reflect",
    normalized=False,
    onesided=None,
    return_complex=None,
    align_to_window=None,
):
    """Spectra of overlapping frames: (..., samples) to (..., frequencies, frames)."""
    if align_to_window:
        refuse("frames aligned to the window are not written here")
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if center:
        if pad_mode == "reflect":
            input = _reflected(input, n_fft // 2)
        elif pad_mode == "constant":
            input = mx.pad(input, [(0, 0)] * (input.ndim - 1) + [(n_fft // 2, n_fft // 2)])
        else:
            refuse("only reflecting and constant padding are written here")
    starts = mx.arange(0, input.shape[-1] - n_fft + 1, hop_length)
    frames = input[..., starts[:, None] + mx.arange(n_fft)] * _frame_window(window, win_length, n_fft)
    spectrum = mx.fft.fft(frames) if onesided is False else mx.fft.rfft(frames)
    if normalized:
        spectrum = spectrum * n_fft**-0.5
    spectrum = spectrum.swapaxes(-1, -2)
    if return_complex is False:
        return mx.stack([mx.real(spectrum), mx.imag(spectrum)], axis=-1)
    return spectrum


@rule("torch.istft", "torch.Tensor.istft")
def istft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    normalized=False,
    onesided=None,
    length=None,
    return_complex=False,
):
    """The signal of overlapping frames: they are added up and divided by the added squares of the window."""
    if onesided is False or return_complex:
        refuse("only real signals from one-sided spectra are written here")
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    window = _frame_window(window, win_length, n_fft)
    frames = mx.fft.irfft(input.swapaxes(-1, -2), n=n_fft) * window
    if normalized:
        frames = frames * n_fft**0.5
    count = frames.shape[-2]
    places = (mx.arange(count) * hop_length)[:, None] + mx.arange(n_fft)
    total = n_fft + hop_length * (count - 1)
    signal = mx.zeros((*frames.shape[:-2], total)).at[..., places].add(frames)
    weight = mx.zeros((total,)).at[places].add(mx.broadcast_to(mx.square(window), (count, n_fft)))
    begin = n_fft // 2 if center else 0
    end = total - begin if length is None else begin + length
    return (signal / mx.where(weight > 1e-11, weight, 1))[..., begin:end]
