"""An ordinary kserve.Model: answers with who it is, so that replicas can be told apart."""

import argparse
import os

from kserve import Model, ModelServer, model_server


class Echo(Model):
    def load(self):
        self.ready = True
        return self.ready

    async def predict(self, payload, headers=None, response_headers=None):
        return {"predictions": payload["instances"], "process": os.getpid(), "pod": os.environ.get("HOSTNAME")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(parents=[model_server.parser])
    arguments, _ = parser.parse_known_args()
    model = Echo(arguments.model_name)
    model.load()
    ModelServer().start([model])
