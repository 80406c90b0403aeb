"""Networks whose features are compiled by ``torch.compile``."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from warpseg.errors import ModelError
from warpseg.networks.network import Network

__all__ = ["compiled"]


def compiled(network: Network) -> Network:
    """Return the network with its features compiled, which happens, for a minute or so, at its first pictures.

    It is compiled as a whole or not at all: where that fails, pictures raise ``ModelError``.
    """
    run = torch.compile(network.feature_net, fullgraph=True)

    def feature_net(rgb: Tensor) -> Tensor:
        try:
            return run(rgb)
        except Exception as error:  # of the compiler, of the compiler's compiler, or of the network
            what = next((line for line in str(error).splitlines() if line.strip()), "")
            raise ModelError(
                f"{network.name}: fails when it is compiled ({type(error).__name__}: {what}); leave out --compile"
            ) from error

    # What is compiled was not made for several threads.
    return replace(network, feature_net=feature_net, compiled=True, reentrant=False)
