"""KServe's own server around a model file: what its sklearnserver and xgbserver do with a request."""

import argparse

import joblib
from kserve import Model, ModelServer, model_server
from kserve.utils.utils import get_predict_input, get_predict_response


class Served(Model):
    def __init__(self, name, framework, path):
        super().__init__(name)
        if framework == "xgboost":
            import xgboost

            # As xgbserver's `nthread` is 1 by default.
            self.booster = xgboost.Booster(params={"nthread": 1}, model_file=path)
            self.compute = lambda rows: self.booster.predict(xgboost.DMatrix(rows, nthread=1))
        else:
            self.compute = joblib.load(path).predict
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        return get_predict_response(payload, self.compute(get_predict_input(payload)), self.name)


parser = argparse.ArgumentParser(parents=[model_server.parser])
parser.add_argument("--path", required=True)
parser.add_argument("--framework", default="sklearn")
arguments, _ = parser.parse_known_args()
ModelServer().start([Served(arguments.model_name, arguments.framework, arguments.path)])
