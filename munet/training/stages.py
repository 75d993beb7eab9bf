"""The stages of training: what trains, for how long and at which rate; and the compiled network."""

import dataclasses

import keras

import losses
from munet.network import devices


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage: its `name`, whether the `encoder` trains, `epochs`, peak learning `rate`, and `patience` in
    epochs."""

    name: str
    encoder: bool
    epochs: int
    rate: float
    patience: int

    def schedule(self, steps):
        """The learning rate over the stage, of `steps` an epoch: linear warm-up over the first tenth (a
        hundred steps at most), then half a cosine down to a hundredth."""
        total = self.epochs * steps
        warmup = min(100, total // 10)
        if not warmup:
            return keras.optimizers.schedules.CosineDecay(self.rate, max(1, total), alpha=0.01)
        return keras.optimizers.schedules.CosineDecay(
            self.rate / 10, total - warmup, alpha=0.01, warmup_target=self.rate, warmup_steps=warmup
        )


def compile_network(network, loss, rate):
    """Compiles for training: Adam at a rate or schedule, the loss by name; ready so that the first step is
    traced only once."""
    # On CPUs TensorFlow's XLA takes twice as long to start and twice as long a step as its plain graph.
    plain = keras.backend.backend() == "tensorflow" and (devices.device() == "cpu" or devices.replicas() > 1)
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=losses.BY_NAME[loss](),
        jit_compile=False if plain else "auto",
    )
    # Variables that first appear within the traced step would have it traced again.
    network.optimizer.build(network.trainable_variables)
