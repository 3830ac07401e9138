internal import Formats
internal import InferenceProtocol
internal import ModelRuntime
internal import PythonRuntime
internal import Testing

@Suite("What Python workers serve")
struct ModelKindTests {
  @Test("Tensors of every type come back as they were")
  func tensors() throws {
    let probe = try Probe.misbehaving()
    let model = try probe.load("model.pkl")
    let values: [TensorValues] = [
      .bool([true, false, true]), .int8([-128, 0, 127]), .int16([-32768, 0, 1]), .int32([.min, 0, .max]),
      .int64([.min, 0, .max]), .uint8([0, 1, 255]), .uint16([0, 1, 65535]), .uint32([0, 1, .max]),
      .uint64([0, 1, .max]), .float32([1.5, -0.0, .infinity]),
      .float64([1e300, -0.0, .leastNonzeroMagnitude]),
      .strings(["", "grün", "a\u{0}b"]),
    ]
    for value in values {
      let output = try model.predict([Tensor(name: "x", shape: [3, 1], values: value)])
      #expect(output.count == 1)
      #expect(output.first?.name == "output-0")
      #expect(output.first?.shape == [3, 1])
      #expect(output.first?.values.unpacked() == value)
    }
    let half = try #require(RawElements(.fp16, count: 1, bytes: [0x00, 0x3c]))
    let output = try model.predict([Tensor(name: "x", shape: [1], values: .raw(half))])
    #expect(output.first?.values == .raw(half))
    #expect(throws: PredictError.self) {
      try model.predict([Tensor(name: "x", shape: [5], values: .float32([1]))])
    }
  }

  @Test("Large tensors go through, and empty ones")
  func sizes() throws {
    let model = try Probe.misbehaving().load("model.pkl")
    for count in [0, 1, 150_528, 20_000_000, 3] {
      let numbers = [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = Float(index % 1000) }
        initialized = count
      }
      let output = try model.predict([Tensor(name: "x", shape: [1, count], values: .float32(numbers))])
      #expect(output.first?.shape == [1, count])
      #expect(output.first?.values.unpacked() == .float32(numbers))
    }
  }

  @Test("A kserve.Model program is served unchanged, with its steps, in both protocols")
  func kserveModel() throws {
    let probe = try Probe(["model.py": Self.kserveProgram, "helper.py": "FACTOR = 10\n"])
    let model = try probe.load("", ["python.model_name": "doubler"])
    #expect(model.signature.platform == "python_kserve")
    #expect(model.signature.inputs == [.init(name: "x", datatype: .fp32, shape: [-1, 2])])
    #expect(model.takesPayloads)
    let rows = Tensor(name: "x", shape: [1, 2], values: .float32([1, 2]))
    let outputs = try model.predict([rows])
    #expect(outputs.map(\.name) == ["y"])
    #expect(outputs.first?.shape == [1, 2])
    #expect(outputs.first?.values.unpacked() == .float32([20, 40]))

    func answer(_ body: String, _ function: ModelFunction = .predict) throws -> String {
      var request = PredictRequest(inputs: [], function: function)
      request.payload = Array(body.utf8)
      guard case .strings(let texts)? = try model.predict(request).first?.values.unpacked() else { return "" }
      return texts.joined()
    }
    #expect(
      try answer(#"{"instances": [{"deep": [1, {"a": null}]}, 2]}"#)
        == #"{"predictions": [{"deep": [1, {"a": null}]}, 2], "name": "doubler", "steps": ["pre", "post"]}"#)
    #expect(try answer(#"{"instances": [7]}"#, .explain) == #"{"explanations": [7], "steps": ["post"]}"#)
    #expect(throws: PredictError.invalidInput("InvalidInput: no instances")) { try answer("{}") }
  }

  private static let kserveProgram = #"""
    import argparse
    import kserve
    import numpy as np
    from helper import FACTOR

    class Doubler(kserve.Model):
        def __init__(self, name, factor):
            super().__init__(name)
            self.factor = factor
            self.load()

        def load(self):
            self.ready = True
            return self.ready

        def get_input_types(self):
            return [{"name": "x", "datatype": "FP32", "shape": [-1, 2]}]

        async def preprocess(self, payload, headers=None):
            if isinstance(payload, dict):
                if "instances" not in payload:
                    raise kserve.errors.InvalidInput("no instances")
                payload["steps"] = ["pre"]
            return payload

        async def predict(self, payload, headers=None):
            if isinstance(payload, dict):
                return {"predictions": payload["instances"], "name": self.name, "steps": payload["steps"]}
            doubled = payload.inputs[0].as_numpy() * 2 * self.factor
            output = kserve.InferOutput(name="y", shape=list(doubled.shape), datatype="FP32")
            output.set_data_from_numpy(doubled.astype(np.float32), binary_data=False)
            return kserve.InferResponse(response_id="1", model_name=self.name, infer_outputs=[output])

        def explain(self, payload, headers=None):
            return {"explanations": payload["instances"], "steps": []}

        def postprocess(self, result, headers=None):
            if isinstance(result, dict):
                result["steps"].append("post")
            return result

    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    args, _ = parser.parse_known_args()
    if __name__ == "__main__":
        model = Doubler(args.model_name, FACTOR)
        kserve.ModelServer().start([model])
    """#

  @Test("TorchScript and exported programs get tensors in the request's order")
  func torch() throws {
    // PyTorch itself is too large for the tests' environment: a stand-in with the functions that are used.
    let stub = #"""
      import numpy as np

      class Tensor:
          def __init__(self, array): self.array = array
          def detach(self): return self
          def cpu(self): return self
          def numpy(self): return self.array

      def from_numpy(array): return Tensor(array)
      def set_num_threads(count): pass

      class no_grad:
          def __enter__(self): pass
          def __exit__(self, *rest): pass

      class Module:
          def eval(self): pass
          def module(self): return self
          def __call__(self, a, b):
              return {"sum": Tensor(a.array + b.array)} if self.named else (Tensor(a.array), Tensor(b.array))

      class jit:
          @staticmethod
          def load(path, map_location):
              module = Module()
              module.named = False
              return module

      class export:
          @staticmethod
          def load(path):
              module = Module()
              module.named = True
              return module
      """#
    let inputs = [
      Tensor(name: "a", shape: [2], values: .float32([1, 2])),
      Tensor(name: "b", shape: [2], values: .float32([10, 20])),
    ]
    let probe = try Probe(["torch.py": stub, "scripted.pt": "", "exported.pt2": ""])
    let scripted = try probe.load("scripted.pt").predict(inputs)
    #expect(scripted.map(\.name) == ["output-0", "output-1"])
    #expect(scripted.last?.values.unpacked() == .float32([10, 20]))
    let exported = try probe.load("exported.pt2")
    #expect(exported.signature.platform == "python_pytorch")
    #expect(try exported.predict(inputs).map(\.name) == ["sum"])
    var inferred = PredictRequest(inputs: [
      Tensor(name: "instances", shape: [2], values: .float64([1, 2])),
      Tensor(name: "more", shape: [2], values: .float64([1, 2])),
    ])
    inferred.hasInferredTypes = true
    #expect(try exported.predict(inferred).first?.values.unpacked() == .float32([2, 4]))
  }

  @Test("An MLflow folder's scikit-learn flavour is served without the package mlflow")
  func mlflow() throws {
    let probe = try Probe([
      "MLmodel": "flavors:\n  sklearn:\n    pickled_model: model.pkl\n",
      "model.pkl": "cprobe\nmodel\n.",
      "probe.py": "class Model:\n    def predict(self, x):\n        return x.sum(axis=1)\nmodel = Model()\n",
    ])
    let model = try probe.load()
    #expect(model.signature.platform == "python_mlflow")
    let output = try model.predict([Tensor(name: "x", shape: [2, 2], values: .float64([1, 2, 3, 4]))])
    #expect(output.first?.values.unpacked() == .float64([3, 7]))
  }

  @Test("A scikit-learn estimator answers each of its methods")
  func estimator() throws {
    let probe = try Probe([
      "model.pkl": "cprobe\nmodel\n.",
      "probe.py": """
      import numpy as np
      from sklearn.covariance import EllipticEnvelope
      from sklearn.linear_model import LogisticRegression
      rows = np.arange(40.0).reshape(20, 2)
      model = LogisticRegression().fit(rows, np.where(rows[:, 0] > 20, "high", "low"))

      """,
    ])
    let model = try probe.load("model.pkl", probabilities: true)
    #expect(model.functions.first == .predictProbabilities)
    #expect(model.isBatchable)
    #expect(model.signature.inputs.first?.shape == [-1, 2])
    let rows = Tensor(name: "input-0", shape: [2, 2], values: .float64([0, 1, 38, 39]))
    let labels = try model.predict(PredictRequest(inputs: [rows], function: .predict))
    #expect(labels.first?.values.unpacked() == .strings(["low", "high"]))
    let scores = try model.predict([rows])
    #expect(scores.first?.shape == [2, 2])
    #expect(throws: PredictError.unsupported("a LogisticRegression has no transform")) {
      try model.predict(PredictRequest(inputs: [rows], function: .transform))
    }
    let narrow = Tensor(name: "input-0", shape: [2, 1], values: .float64([0, 1]))
    let error = #expect(throws: PredictError.self) { try model.predict([narrow]) }
    guard case .invalidInput(let message)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(message.contains("features"))
  }
}
