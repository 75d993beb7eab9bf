"""What happens beside the steps of an epoch: how far it is, how good it was, when to stop."""

import contextlib
import time

import keras
import numpy as np

from munet.core.command_line import progress_bar
from munet.core.errors import MunetError


class ProgressCallback(keras.callbacks.Callback):
    """Shows how far an epoch is, see `command_line.progress_bar`; `close` ends what an error leaves open."""

    def __init__(self, stage):
        super().__init__()
        self._stage, self._open, self._step = stage, contextlib.ExitStack(), None

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the bar."""
        self._step = self._open.enter_context(
            progress_bar(self.params["steps"], f"{self._stage.name} {epoch + 1}")
        )

    def on_train_batch_end(self, batch, logs=None):
        """Moves the bar."""
        self._step()

    def on_epoch_end(self, epoch, logs=None):
        """Ends the bar."""
        self.close()

    def close(self):
        """Ends the bar, if there is one."""
        self._open.close()


class ValidationCallback(keras.callbacks.Callback):
    """After each epoch: scores at inference, keeps the best, saves the state, stops when patience is over.

    Args:
        trainer: the `trainer.Trainer` that fits.
        stage: the `stages.Stage` that it is in.
    """

    def __init__(self, trainer, stage):
        super().__init__()
        self._trainer, self._stage, self._started = trainer, stage, 0.0

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock."""
        self._started = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        """Scores, saves, prints one line."""
        loss = float(logs["loss"])
        if not np.isfinite(loss):
            raise MunetError(
                f"the loss is {loss} in epoch {epoch + 1}; use a lower rate, or no --mixed-precision"
            )
        f1, level, better = self._trainer.judge()
        seconds = round(time.monotonic() - self._started, 2)
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        row = {"stage": self._stage.name, "epoch": epoch + 1, "rate": rate, "loss": loss}
        self._trainer.epoch_done({**row, "val_f1": f1, "val_level": level, "seconds": seconds}, better)
        kept = "best, kept" if better else f"best {self._trainer.state.best_f1:.4f}"
        print(
            f"{self._stage.name} {epoch + 1}/{self._stage.epochs}  loss {loss:.4f}  validation F1 {f1:.4f} "
            f"at level {level} ({kept})  {seconds:.1f} s",
            flush=True,
        )
        if self._trainer.state.waited >= self._stage.patience:
            self.model.stop_training = True
