"""An ordinary kserve.Model transformer, as upstream's samples are written: scales inputs, names the answer."""

import argparse

from kserve import InferInput, InferRequest, InferResponse, Model, ModelServer, model_server
from kserve.model import PredictorConfig


class Scaler(Model):
    def __init__(self, name, config):
        super().__init__(name, config)
        self.ready = True

    def preprocess(self, payload, headers=None):
        if isinstance(payload, InferRequest):
            scaled = [value / 10 for value in payload.inputs[0].data]
            tensor = InferInput(payload.inputs[0].name, payload.inputs[0].shape, "FP64", data=scaled)
            return InferRequest(self.name, [tensor], request_id=payload.id)
        return {"instances": [[value / 10 for value in row] for row in payload["instances"]]}

    def postprocess(self, result, headers=None, response_headers=None):
        if isinstance(result, InferResponse):
            result.parameters = {"by": "transformer"}
            return result
        return {**result, "by": "transformer"}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    arguments, _ = parser.parse_known_args()
    predictor = PredictorConfig(
        arguments.predictor_host, arguments.predictor_protocol, arguments.predictor_use_ssl)
    ModelServer().start([Scaler(arguments.model_name, predictor)])
