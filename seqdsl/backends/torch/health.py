"""Whether torch is there and works, for `seqdsl doctor`: nothing is imported at the top."""

from __future__ import annotations

import warnings

from seqdsl.backends.parts import Part, Verdict, first_line


def torch() -> Part:
    import torch

    cuda, rocm = torch.version.cuda, torch.version.hip
    build = f"CUDA {cuda}" if cuda else f"ROCm {rocm}" if rocm else "the CPU"
    return Part("torch", f"{torch.__version__}, built for {build}")


def cuda_of_torch() -> Part:
    import torch

    name = "CUDA in torch"
    if torch.version.cuda is None:
        return Part(name, "not used: torch is built without CUDA", Verdict.NOTE)
    with warnings.catch_warnings(action="ignore"):  # the error below says the same
        seen = torch.cuda.is_available()
    if seen:
        devices = ", ".join(map(torch.cuda.get_device_name, range(torch.cuda.device_count())))
        cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
        return Part(name, f"{devices}; cuDNN {cudnn}")
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except Exception as error:
        return Part(name, f"not used: {first_line(error)}", Verdict.NOTE)
    return Part(name, "not used: torch sees no device", Verdict.NOTE)
