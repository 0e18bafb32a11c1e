"""Write the object inventories that let `[MSELoss][torch.nn.MSELoss]` find its page.

    python tools/inventories/make.py [objects.inv of the Python documentation]

torch, NumPy and matplotlib are read as installed; where their documentation puts an
object follows from what the object is. README.md says how that was checked.
"""

import inspect
import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
HEADER = "# Sphinx inventory version 2\n# Project: {}\n# Version: {}\n"
HEADER += "# The remainder of this file is compressed using zlib.\n"

Entry = tuple[str, str, str]  # name, role, address

# Found in the modules, with a docstring, but without a page in the documentation.
UNDOCUMENTED = re.compile(
    r".*_copy|.*[^_]_|.*_with_indices|(sparse_)?conv(_|\d).*|(native|quantized)_.*"
    r"|(import_ir|parse|merge|unify|unsafe|sym)_.*|(has|handle)_torch_.*|.*_pool\dd"
    r"|boolean_dispatch|channel_shuffle|(cosine_simil|pixel_|pairwise_|thread_).*"
    r"|bilinear|prelu|pdist|hardshrink|typename|init_num_threads|invert_permutation"
    r"|fork|wait|conv_tbc|segment_reduce|while_loop|rearrange|is_warn_always.*"
    r"|[A-Z].*|compiled_with_cxx11_abi|is_inference$|get_device_module|from_file"
)


def role(thing: object) -> str:
    return "class" if inspect.isclass(thing) else "function"


def public(module: ModuleType, names: list[str] | None = None) -> Iterator[str]:
    """Names of the documented classes and functions of `module`."""
    for name in names or dir(module):
        thing = getattr(module, name)
        if not name.startswith("_") and callable(thing) and inspect.getdoc(thing):
            yield name


def members(owner: type) -> Iterator[str]:
    """Names of the documented methods that `owner` itself defines."""
    for name, thing in vars(owner).items():
        if not name.startswith("_") and callable(thing) and inspect.getdoc(thing):
            yield name


def own_page(name: str, what: str, folder: str = "generated") -> Entry:
    return name, what, f"{folder}/{name}.html#{name}"


def on_page(name: str, what: str, page: str) -> Entry:
    return name, what, f"{page}.html#{name}"


def torch_entries() -> Iterator[Entry]:
    import torch
    import torch.distributed.fsdp
    import torch.func
    import torch.nn.utils.parametrizations
    import torch.nn.utils.parametrize
    import torch.nn.utils.rnn
    import torch.utils.checkpoint
    from torch import nn, optim
    from torch.optim import lr_scheduler, swa_utils

    def pages(module, names=None, prefix=None):
        for name in public(module, names):
            path = f"{prefix or module.__name__}.{name}"
            yield own_page(path, role(getattr(module, name)))

    for name, page in {
        "torch": "torch",
        "torch.amp": "amp",
        "torch.autograd": "autograd",
        "torch.distributions": "distributions",
        "torch.func": "func",
        "torch.nn": "nn",
        "torch.nn.functional": "nn.functional",
        "torch.nn.init": "nn.init",
        "torch.optim": "optim",
        "torch.utils.checkpoint": "checkpoint",
        "torch.utils.data": "data",
    }.items():
        yield name, "module", f"{page}.html"
    # torch itself: functions, and the few classes with a page of their own.
    functions = [
        name
        for name in public(torch)
        if not inspect.isclass(getattr(torch, name))
        and not UNDOCUMENTED.fullmatch(name)
    ]
    classes = ["Generator", "no_grad", "enable_grad"]
    yield from pages(torch, functions + classes)
    for name in ("device", "dtype", "layout", "memory_format"):
        yield on_page(f"torch.{name}", "class", "tensor_attributes")
    yield on_page("torch.Size", "class", "size")
    yield on_page("torch.finfo", "class", "type_info")
    yield on_page("torch.iinfo", "class", "type_info")

    yield on_page("torch.Tensor", "class", "tensors")
    for name in public(torch.Tensor):
        yield own_page(f"torch.Tensor.{name}", "method")
    yield own_page("torch.Tensor.grad", "attribute")
    for name in ("is_leaf", "device", "real", "imag", "itemsize", "nbytes"):
        yield own_page(f"torch.Tensor.{name}", "attribute")

    layers = [n for n in nn.modules.__all__ if n not in {"Container", "NLLLoss2d"}]
    yield from pages(nn, layers, "torch.nn")
    for name in members(nn.Module):
        place = "torch.nn.Module"
        yield f"{place}.{name}", "method", f"generated/{place}.html#{place}.{name}"
    for name in ("Parameter", "Buffer"):
        page = own_page(f"torch.nn.parameter.{name}", "class")
        yield page
        yield f"torch.nn.{name}", "class", page[2]  # the name that people write
    yield own_page("torch.nn.parallel.DistributedDataParallel", "class")
    functions = [
        name
        for name in public(nn.functional)
        if re.fullmatch(r"(adaptive_|lp_|avg_|max_|fractional_)\w*pool\dd", name)
        or name in {"bilinear", "cosine_similarity", "hardshrink", "pairwise_distance"}
        or name in {"pdist", "pixel_shuffle", "pixel_unshuffle", "prelu"}
        or re.fullmatch(r"conv(_transpose)?\dd", name)
        or not UNDOCUMENTED.fullmatch(name)
    ]
    yield from pages(nn.functional, functions)
    for name in public(nn.init):
        if name.endswith("_") or name == "calculate_gain":
            yield on_page(f"torch.nn.init.{name}", "function", "nn.init")
    yield from pages(nn.utils, list(nn.utils.__all__))
    names = [n for n in nn.utils.rnn.__all__ if n != "invert_permutation"]
    yield from pages(nn.utils.rnn, names)
    names = ["orthogonal", "spectral_norm", "weight_norm"]
    yield from pages(nn.utils.parametrizations, names)

    yield on_page("torch.optim.Optimizer", "class", "optim")
    for name in members(optim.Optimizer):
        if name not in {"profile_hook_step", "OptimizerPreHook", "OptimizerPostHook"}:
            yield own_page(f"torch.optim.Optimizer.{name}", "method")
    optimizers = [
        name
        for name, thing in vars(optim).items()
        if inspect.isclass(thing) and name != "Optimizer"
    ]
    yield from pages(optim, optimizers)
    schedulers = [
        name
        for name, thing in vars(lr_scheduler).items()
        if inspect.isclass(thing)
        and issubclass(thing, lr_scheduler.LRScheduler)
        and not name.startswith("_")
    ]
    yield from pages(lr_scheduler, schedulers)
    place = "torch.optim.lr_scheduler.LRScheduler"
    for name in members(lr_scheduler.LRScheduler):
        yield f"{place}.{name}", "method", f"generated/{place}.html#{place}.{name}"
    names = ["AveragedModel", "SWALR", "get_ema_avg_fn", "get_swa_avg_fn"]
    yield from pages(swa_utils, [*names, "get_swa_multi_avg_fn"])
    for name in ("get_ema_multi_avg_fn", "update_bn"):
        yield on_page(f"torch.optim.swa_utils.{name}", "function", "optim")

    for name in torch.distributions.__all__:
        thing = getattr(torch.distributions, name)
        if not inspect.isclass(thing):
            continue
        path = f"{thing.__module__}.{name}"
        entry = on_page(path, "class", "distributions")
        yield entry
        yield f"torch.distributions.{name}", "class", entry[2]
        for method in members(thing):
            yield on_page(f"{path}.{method}", "method", "distributions")
    path = "torch.distributions.kl.kl_divergence"
    entry = on_page(path, "function", "distributions")
    yield from (entry, ("torch.distributions.kl_divergence", *entry[1:]))

    entry = own_page("torch.autograd.grad_mode.inference_mode", "class")
    yield from (entry, ("torch.inference_mode", *entry[1:]))
    for name in ("backward", "grad"):
        yield own_page(f"torch.autograd.{name}", "function")
    yield on_page("torch.autograd.Function", "class", "autograd")
    for name in ("gradcheck", "gradgradcheck"):
        entry = own_page(f"torch.autograd.gradcheck.{name}", "function")
        yield from (entry, (f"torch.autograd.{name}", *entry[1:]))
    for name in ("detect_anomaly", "set_detect_anomaly"):
        yield on_page(f"torch.autograd.{name}", "class", "autograd")
    yield on_page("torch.autocast", "class", "amp")
    yield "torch.amp.autocast", "class", "amp.html#torch.autocast"
    # The scaler has no entry of its own in the documentation of 2.13.
    yield "torch.amp.GradScaler", "class", "amp.html#gradient-scaling"
    for name in ("custom_fwd", "custom_bwd"):
        yield on_page(f"torch.amp.{name}", "function", "amp")

    for name in torch.utils.data.__all__:
        thing = getattr(torch.utils.data, name)
        documented = name in {"default_collate", "default_convert", "random_split"}
        documented |= name == "get_worker_info" or name.endswith(("set", "ampler"))
        if documented or name == "DataLoader":
            path = f"torch.utils.data.{name}"
            if name == "DistributedSampler":  # where the documentation has it
                path = f"torch.utils.data.distributed.{name}"
            yield f"torch.utils.data.{name}", role(thing), f"data.html#{path}"
    path = "torch.utils.checkpoint.checkpoint"
    yield on_page(path, "function", "checkpoint")
    names = [n for n in torch.func.__all__ if n != "rearrange"]
    yield from pages(torch.func, names)
    path = "torch.distributed.fsdp.fully_shard"
    yield path, "function", f"distributed.fsdp.fully_shard.html#{path}"
    for name in ("max_memory_allocated", "memory_allocated", "empty_cache"):
        entry = own_page(f"torch.cuda.memory.{name}", "function")
        yield from (entry, (f"torch.cuda.{name}", *entry[1:]))


def numpy_entries() -> Iterator[Entry]:
    import numpy

    folder = "reference/generated"
    for name in public(numpy, list(numpy.__all__)):
        thing = getattr(numpy, name)
        if inspect.isclass(thing) and issubclass(thing, numpy.generic):
            page = "reference/arrays.scalars"
            yield on_page(f"numpy.{name}", "class", page)
        else:
            yield own_page(f"numpy.{name}", role(thing), folder)
    for name in public(numpy.linalg, list(numpy.linalg.__all__)):
        if name != "LinAlgError":
            yield own_page(f"numpy.linalg.{name}", "function", folder)
    for name in ("Generator", "default_rng"):
        page = "reference/random/generator"
        what = role(getattr(numpy.random, name))
        yield on_page(f"numpy.random.{name}", what, page)
    for name in ("ArrayLike", "DTypeLike", "NDArray"):
        yield on_page(f"numpy.typing.{name}", "data", "reference/typing")


def matplotlib_entries() -> Iterator[Entry]:
    from matplotlib import pyplot
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    folder = "api/_as_gen"
    for name in public(pyplot):
        if getattr(pyplot, name).__module__ == "matplotlib.pyplot":
            yield own_page(f"matplotlib.pyplot.{name}", "function", folder)
    place = "matplotlib.figure.Figure"
    yield own_page(place, "class", folder)
    for name in members(Figure):
        yield f"{place}.{name}", "method", f"{folder}/{place}.html#{place}.{name}"
    yield own_page("matplotlib.axes.Axes", "class", folder)
    for name in members(Axes):
        yield own_page(f"matplotlib.axes.Axes.{name}", "method", folder)


def python_entries(inventory: Path) -> Iterator[Entry]:
    """The Python objects of an inventory that Sphinx wrote."""
    content = inventory.read_bytes().split(b"\n", 4)[4]
    for line in zlib.decompress(content).decode().splitlines():
        name, kind, _, address, _ = line.split(" ", 4)
        if kind.startswith("py:"):
            yield name, kind.removeprefix("py:"), address.replace("$", name)


def write(project: str, version: str, entries: Iterator[Entry]) -> None:
    unique: dict[str, tuple[str, str]] = {}
    for name, what, address in entries:
        unique.setdefault(name, (what, address))
    lines = []
    for name, (what, address) in sorted(unique.items()):
        if address.endswith(name):
            address = address.removesuffix(name) + "$"
        lines.append(f"{name} py:{what} 1 {address} -\n")
    content = zlib.compress("".join(lines).encode(), 9)
    header = HEADER.format(project, version).encode()
    (HERE / f"{project}.inv").write_bytes(header + content)
    print(f"{project}.inv: {len(unique)} objects, {len(header + content)} bytes")


def main() -> None:
    import matplotlib
    import numpy
    import torch

    release = torch.__version__.split("+")[0].rpartition(".")[0]
    write("torch", release, torch_entries())
    write("numpy", numpy.__version__, numpy_entries())
    write("matplotlib", matplotlib.__version__, matplotlib_entries())
    if len(sys.argv) > 1:
        write("python", "3", python_entries(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
