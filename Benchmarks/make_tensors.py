"""Writes two ONNX models of one image: its mean, and the image itself. Run by the environment `onnx`:
python make_tensors.py FOLDER"""

import pathlib
import sys

import onnx
from onnx import TensorProto, helper


def save(folder, node, output):
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 224, 224])
    graph = helper.make_graph([node], "image", [image], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "model.onnx")


folder = pathlib.Path(sys.argv[1])
save(folder / "mean", helper.make_node("ReduceMean", ["image"], ["out"], axes=[1, 2, 3], keepdims=0),
     helper.make_tensor_value_info("out", TensorProto.FLOAT, [1]))
save(folder / "identity", helper.make_node("Identity", ["image"], ["out"]),
     helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, 224, 224]))
