"""Tiny models that differ: an XGBoost file of one leaf each, which answers its own number to every row."""

import json


def value(index):
    """What model `index` predicts: exact in 32 bits."""
    return index + 0.5


def document(index):
    leaf = value(index)
    tree = {
        "base_weights": [leaf], "categories": [], "categories_nodes": [], "categories_segments": [],
        "categories_sizes": [], "default_left": [0], "id": 0, "left_children": [-1], "loss_changes": [0.0],
        "parents": [2147483647], "right_children": [-1], "split_conditions": [leaf], "split_indices": [0],
        "split_type": [0], "sum_hessian": [4.0],
        "tree_param": {"num_deleted": "0", "num_feature": "4", "num_nodes": "1", "size_leaf_vector": "1"}}
    booster = {"name": "gbtree", "model": {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": "1"}, "iteration_indptr": [0, 1],
        "tree_info": [0], "trees": [tree]}}
    return {"version": [3, 0, 5], "learner": {
        "attributes": {}, "feature_names": [], "feature_types": [], "gradient_booster": booster,
        "learner_model_param": {"base_score": "0E0", "boost_from_average": "0", "num_class": "0", "num_feature": "4",
                                "num_target": "1"},
        "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}}}}


def name(index):
    return f"model-{index:04}"


def write(folder, count):
    """One folder per model."""
    for index in range(count):
        path = folder / name(index)
        path.mkdir(parents=True)
        (path / "model.json").write_text(json.dumps(document(index)))


def manifest(index):
    return {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": name(index), "namespace": "default"},
        "spec": {"predictor": {"model": {
            "modelFormat": {"name": "xgboost"}, "storageUri": f"pvc://models/{name(index)}"}}}}
