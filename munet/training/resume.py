"""What the next epoch needs, in one file that is written whole: a killed run is resumed from it.

resume.h5    network/0, 1, ...      the network's variables
             optimizer/0, 1, ...    the optimiser's, as Keras saves them
             state                  JSON, see `State`
"""

import contextlib
import dataclasses
import json

import h5py
import keras

from munet.core.errors import MunetError, shown
from munet.core.files import require_space, whole_file
from munet.network.model_files import first_line

RESUME_FILE = "resume.h5"
_BYTES = 16_000_000  # more than weights and Adam's two moments take


@dataclasses.dataclass
class State:
    """How far a run is.

    Attributes:
        stage: number of finished stages.
        epoch: number of finished epochs of the stage after these.
        waited: epochs since the best one of that stage.
        best_f1: the best F1 on the validation images; -1 before the first.
        history: list of a dict an epoch, the rows of history.csv.
    """

    stage: int = 0
    epoch: int = 0
    waited: int = 0
    best_f1: float = -1.0
    history: list = dataclasses.field(default_factory=list)


def save(folder, network, state):
    """Writes `resume.h5` into a run folder: a compiled network, its optimiser, and a `State`."""
    require_space(folder, _BYTES)
    with whole_file(folder / RESUME_FILE) as part, h5py.File(part, "w") as file:
        variables = file.create_group("network")
        for number, variable in enumerate(network.variables):
            variables[str(number)] = keras.ops.convert_to_numpy(variable)
        network.optimizer.save_own_variables(file.create_group("optimizer"))
        file["state"] = json.dumps(dataclasses.asdict(state))


def load(folder, network):
    """Gives a network the variables that `save` wrote.

    Returns:
        Its `State`; None where there is no file.

    Raises:
        MunetError: the file is damaged.
    """
    if not (folder / RESUME_FILE).exists():
        return None
    with _opened(folder) as file:
        state = State(**json.loads(file["state"].asstr()[()]))
        for number, variable in enumerate(network.variables):
            variable.assign(file[f"network/{number}"][()])
    return state


def load_optimizer(folder, network):
    """Gives the optimiser of a compiled network the variables that `save` wrote in the middle of a stage.

    Raises:
        MunetError: the file is damaged, or of a Keras with other optimisers.
    """
    with _opened(folder) as file:
        found, expected = len(file["optimizer"]), len(network.optimizer.variables)
        if found != expected:  # which Keras would let pass with a warning
            raise ValueError(f"the optimiser has {found} variables instead of {expected}")
        network.optimizer.load_own_variables(file["optimizer"])


@contextlib.contextmanager
def _opened(folder):
    path = folder / RESUME_FILE
    try:
        with h5py.File(path) as file:
            yield file
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise MunetError(
            f"{shown(path)} is damaged ({first_line(error)}); remove it to start again"
        ) from error
