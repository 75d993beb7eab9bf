"""The stages of training: what trains, for how long and at which rate; and the compiled network."""

import dataclasses

import keras

import losses
from munet.network import devices


@dataclasses.dataclass(frozen=True)
class Stage:
    """One stage of training.

    Attributes:
        name: in history.csv and in what is printed.
        encoder: whether the encoder trains, or the decoder alone.
        epochs: at most.
        rate: peak learning rate.
        patience: epochs without a better F1 that end the stage.
    """

    name: str
    encoder: bool
    epochs: int
    rate: float
    patience: int

    def schedule(self, steps):
        """The learning rate over the stage, of `steps` an epoch, as a Keras schedule.

        A linear warm-up over the first tenth (a hundred steps at most), then half a cosine to a hundredth.
        """
        total = self.epochs * steps
        warmup = min(100, total // 10)
        if not warmup:
            return keras.optimizers.schedules.CosineDecay(self.rate, max(1, total), alpha=0.01)
        return keras.optimizers.schedules.CosineDecay(
            self.rate / 10, total - warmup, alpha=0.01, warmup_target=self.rate, warmup_steps=warmup
        )


def compile_network(network, loss, rate):
    """Compiles a network for training with Adam, so that its step is traced only once.

    Args:
        network: a `keras.Model`.
        loss: a name in `losses.BY_NAME`.
        rate: a learning rate, or a schedule of it.
    """
    # On CPUs TensorFlow's XLA takes twice as long to start and twice as long a step as its plain graph.
    plain = keras.backend.backend() == "tensorflow" and (devices.device() == "cpu" or devices.replicas() > 1)
    network.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=losses.BY_NAME[loss](),
        jit_compile=False if plain else "auto",
    )
    # Variables that first appear within the traced step would have it traced again.
    network.optimizer.build(network.trainable_variables)
