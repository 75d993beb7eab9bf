"""What happens beside the steps of an epoch; runs on whichever backend KERAS_BACKEND names."""

import contextlib

import keras
import numpy as np
import pytest

from munet.core.errors import MunetError
from munet.training.callbacks import ProgressCallback, ValidationCallback
from munet.training.resume import State
from munet.training.stages import Stage


class Judge:
    """In the place of a `Trainer`: scores that are given."""

    def __init__(self, scores):
        self.state, self._scores, self.rows = State(best_f1=0.5), iter(scores), []

    def judge(self):
        return next(self._scores), 128, False

    def epoch_done(self, row, better):
        self.rows.append(row)
        self.state.waited += 1


def fit(judge, labels, epochs=5, patience=2):
    inputs = keras.Input((2, 2, 1))
    network = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    network.compile(keras.optimizers.SGD(0.01), loss="mse")
    stage = Stage("finetune", True, epochs, 0.01, patience)
    with contextlib.closing(ProgressCallback(stage)) as shown:
        callbacks = [keras.callbacks.TerminateOnNaN(), shown, ValidationCallback(judge, stage)]
        network.fit(np.ones((8, 2, 2, 1)), labels, 2, epochs, verbose=0, callbacks=callbacks)


def test_patience_ends_a_stage_and_every_epoch_has_its_row_and_line(capsys):
    judge = Judge([0.25, 0.375, 0.5])
    fit(judge, np.zeros((8, 2, 2, 1)))
    assert [(row["stage"], row["epoch"], row["val_f1"]) for row in judge.rows] == [
        ("finetune", 1, 0.25),
        ("finetune", 2, 0.375),
    ]
    assert list(judge.rows[0]) == ["stage", "epoch", "rate", "loss", "val_f1", "val_level", "seconds"]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("finetune 2/5  loss ")
    assert "validation F1 0.3750 at level 128 (best 0.5000)" in lines[1]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_ends_training_with_what_to_do(bad):
    judge = Judge([])
    with pytest.raises(MunetError, match=r"the loss is (nan|inf) in epoch 1; use a lower rate"):
        fit(judge, np.full((8, 2, 2, 1), bad))
    assert judge.rows == []


def test_a_bad_step_is_the_last_of_its_epoch(monkeypatch):
    labels = np.zeros((8, 2, 2, 1))
    labels[:] = np.nan
    steps = []
    monkeypatch.setattr(
        ProgressCallback, "on_train_batch_end", lambda self, batch, logs=None: steps.append(batch)
    )
    with pytest.raises(MunetError, match="the loss is nan"):
        fit(Judge([]), labels)
    assert steps == [0]
