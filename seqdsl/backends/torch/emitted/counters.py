"""Checkpoints without the step counters that a fixed momentum never reads."""

from __future__ import annotations

from torch import Tensor, nn


def omit_counters(net: nn.Module, state: dict[str, Tensor], at: str, _: object) -> None:
    """Drop the counters that no norm reads; torch takes a state_dict without them."""
    for name, each in net.named_modules(prefix=at[:-1]):
        if getattr(each, "momentum", None) is not None:
            state.pop(f"{name}.num_batches_tracked", None)
            getattr(state, "_metadata", {}).get(name, {}).pop("version", None)


def excuse_counters(_: nn.Module, keys: nn.modules.module._IncompatibleKeys) -> None:
    """Load a state_dict that has no counters as a whole one."""
    missing = keys.missing_keys
    missing[:] = [key for key in missing if not key.endswith("num_batches_tracked")]
