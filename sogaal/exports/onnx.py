"""Models as ONNX graphs, which other languages and programs run: raw rows in, scores out, the scaling inside.

The graph computes as the model does, in float64 but for the scaled rows, which are float32: so a runtime and
:meth:`Model.score_samples` agree to the last digits. What a model refuses (values that are not finite, or too large
for single precision once scaled) comes out of a graph as NaN or as a saturated score.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from sogaal.ensemble import Ensemble
from sogaal.exports.models import HasModel
from sogaal.files import write_atomic
from sogaal.model import Model, ScoreAt

# Old enough for every runtime of the last years; nothing here needs a newer one.
OPSET, IR_VERSION = 17, 8
RAW = "Outlier scores of raw rows; columns in the order of feature_names."
PREPARED = (
    "Outlier scores of PREPARED rows, not of raw ones: the model learned from a table with categories, dates or "
    "missing values, whose preparation this graph does not hold. Columns are the features in the order of "
    "feature_names; the metadata 'preparation' says how they follow from the raw columns."
)
INPUT = "rows"
OUTPUTS = ("probability_real", "outlier_score", "logit")


def save_onnx(path: str | Path, model: Model | Ensemble | HasModel, at: ScoreAt | None = None) -> None:
    """Write :func:`onnx_bytes` to a file; raises :class:`DataError` where it cannot be written."""
    write_atomic(path, onnx_bytes(model, at))


def onnx_bytes(model: Model | Ensemble | HasModel, at: ScoreAt | None = None) -> bytes:
    """A :class:`Model`, an :class:`Ensemble` (their mean logit) or that of a fitted detector as an ONNX model.

    Input ``rows`` float32 (N, d): raw values, columns in the order of the feature names. Outputs float64 (N,):
    ``probability_real`` D(x), ``outlier_score`` 1 - D(x), and ``logit`` (lower = more abnormal), which still ranks
    rows where the other two are saturated. ``at``: which D scores, None = the model's choice.

    The metadata hold, as text, "feature_names" (JSON list, or null), "dataset", "fingerprint", "scaling", "at",
    "seeds" (JSON list), "config" (JSON object) and "sogaal_version". Raises :class:`ConfigError` for a D that is not
    there.

    A graph of numbers cannot hold the preparation of a table with categories, dates or gaps. Of such a model ``rows``
    are the prepared features, which the description says, and the metadata "preparation" has the parameters as JSON.
    """
    if not isinstance(model, Model | Ensemble):
        model = model.to_model()
    graph = helper.make_graph(
        nodes=_nodes(model),
        name="sogaal",
        inputs=[helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", model.d])],
        outputs=[helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N"]) for name in OUTPUTS],
        initializer=[numpy_helper.from_array(value, name) for name, value in _constants(model, at).items()],
    )
    made = helper.make_model(
        graph,
        producer_name="sogaal",
        producer_version=model.version,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        doc_string=RAW if model.preparation is None else PREPARED,
    )
    helper.set_model_props(made, _metadata(model, at))
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString(deterministic=True))


def _nodes(model: Model | Ensemble) -> list[Any]:
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [("Cast", [INPUT], "exact", {"to": TensorProto.DOUBLE})]
    if model.scaler.method == "none":
        steps.append(("Identity", ["exact"], "known", {}))
    else:
        steps += [
            ("Sub", ["exact", "center"], "moved", {}),
            ("Div", ["moved", "scale"], "stretched", {}),
            ("Where", ["constant", "zero", "stretched"], "known", {}),
        ]
    steps += [
        ("Cast", ["known"], "single", {"to": TensorProto.FLOAT}),
        ("Cast", ["single"], "scaled", {"to": TensorProto.DOUBLE}),
        ("MatMul", ["scaled", "w1"], "weighed", {}),
        ("Add", ["weighed", "b1"], "leaning", {}),
        ("Relu", ["leaning"], "hidden", {}),
        ("MatMul", ["hidden", "w2"], "sum", {}),
        ("Add", ["sum", "b2"], "logit", {}),
        ("Sigmoid", ["logit"], "probability_real", {}),
        # Not 1 - D(x), which would lose the digits of scores near 0.
        ("Neg", ["logit"], "opposite", {}),
        ("Sigmoid", ["opposite"], "outlier_score", {}),
    ]
    return [helper.make_node(kind, inputs, [output], **options) for kind, inputs, output, options in steps]


def _constants(model: Model | Ensemble, at: ScoreAt | None) -> dict[str, npt.NDArray[Any]]:
    """All voters as one network, side by side: the mean of their logits is one sum."""
    voters, scaler = model.voters(at), model.scaler
    found: dict[str, npt.NDArray[Any]] = {
        "w1": np.concatenate([one.w1 for one in voters], axis=1).astype(np.float64),
        "b1": np.concatenate([one.b1 for one in voters]).astype(np.float64),
        "w2": np.concatenate([one.w2 for one in voters]).astype(np.float64) / len(voters),
        "b2": np.array(sum(float(one.b2) for one in voters) / len(voters)),
    }
    if scaler.method != "none":
        found |= {"center": scaler.center, "scale": scaler.scale, "constant": scaler.constant, "zero": np.zeros(())}
    return found


def _metadata(model: Model | Ensemble, at: ScoreAt | None) -> dict[str, str]:
    seeds = model.seeds if isinstance(model, Ensemble) else (model.config.seed,)
    return {
        "feature_names": json.dumps(model.feature_names),
        "dataset": model.dataset,
        "fingerprint": model.fingerprint,
        "scaling": model.scaler.method,
        "at": model.at if at is None else at,
        "seeds": json.dumps(list(seeds)),
        "config": json.dumps(model.config.model_dump(), sort_keys=True),
        "sogaal_version": model.version,
        **({} if model.preparation is None else {"preparation": json.dumps(model.preparation.to_dict())}),
    }
