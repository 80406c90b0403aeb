"""Compilation: compiles a network's feature network with ``torch.compile``."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from warpseg.errors import ModelError
from warpseg.networks.network import Network

__all__ = ["compiled"]


def compiled(network: Network) -> Network:
    """Return the network with its feature network compiled, which takes a minute or so at the first pictures.

    It is compiled as a whole or not at all: if that fails, the first pictures raise ``ModelError``.
    """
    run = torch.compile(network.feature_net, fullgraph=True)

    def feature_net(rgb: Tensor) -> Tensor:
        try:
            return run(rgb)
        except Exception as error:  # of torch's compiler, of the C++ compiler behind it, or of the network
            what = next((line for line in str(error).splitlines() if line.strip()), "")
            raise ModelError(
                f"{network.name}: cannot be compiled ({type(error).__name__}: {what}); leave out --compile"
            ) from error

    # Compiled code is not made to run in several threads.
    return replace(network, feature_net=feature_net, compiled=True, reentrant=False)
