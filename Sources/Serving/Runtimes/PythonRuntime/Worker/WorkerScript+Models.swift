extension WorkerScript {
  /// One class per kind of model: `description` for the metadata, `predict(arrays, message)` for named
  /// tensors,
  /// `answer(body, function)` for V1 bodies as they came.
  static let models = #"""
    def plain(value):
        """JSON of numpy's values."""
        if hasattr(value, "tolist"):
            return value.tolist()
        if isinstance(value, bytes):
            return value.decode()
        raise TypeError(f"a {type(value).__name__} has no JSON form")


    def numbered(values):
        return [(f"output-{index}", value) for index, value in enumerate(values)]


    def table(arrays):
        """Several named columns as pandas has them, else as one matrix."""
        import numpy as np
        try:
            from pandas import DataFrame
        except ImportError:
            return np.column_stack([array.reshape(len(array), -1) for _, array in arrays])
        return DataFrame({name: list(array.reshape(len(array), -1)[:, 0]) for name, array in arrays})


    class Estimator:
        """Anything with scikit-learn's methods, out of a joblib or pickle file."""

        FUNCTIONS = ["predict", "predict_proba", "transform", "decision_function"]

        def __init__(self, setup):
            try:
                from joblib import load
            except ImportError:
                from pickle import load as read
                with open(setup["path"], "rb") as file:
                    self.estimator = read(file)
            else:
                self.estimator = load(setup["path"])
            self.finish(setup)

        def finish(self, setup):
            names = [name for name in self.FUNCTIONS if hasattr(self.estimator, name)]
            if not names:
                raise Refusal("load", f"a {type(self.estimator).__name__} has neither predict nor transform")
            if setup["probabilities"] and "predict_proba" in names:
                names.sort(key=lambda name: name != "predict_proba")
            columns = getattr(self.estimator, "n_features_in_", -1)
            self.description = {
                "platform": "sklearn", "functions": names, "batchable": True,
                "inputs": [{"name": "input-0", "datatype": "FP64", "shape": [-1, int(columns)]}],
                "names": [str(name) for name in getattr(self.estimator, "feature_names_in_", [])]}

        def predict(self, arrays, message):
            method = getattr(self.estimator, message["function"], None)
            if method is None:
                kind = type(self.estimator).__name__
                raise Refusal("unsupported", f"a {kind} has no {message['function']}")
            if not arrays:
                raise Refusal("invalid", "the request has no inputs")
            names = self.description["names"]
            if len(arrays) > 1 and names and {name for name, _ in arrays} == set(names):
                arrays = sorted(arrays, key=lambda pair: names.index(pair[0]))
            try:
                result = method(arrays[0][1] if len(arrays) == 1 else table(arrays))
            except (ValueError, TypeError) as error:
                raise Refusal("invalid", f"{type(error).__name__}: {error}")
            return numbered(result if isinstance(result, list) else [result])


    class Torch:
        """TorchScript and exported programs; inputs in the request's order."""

        def __init__(self, setup):
            import torch as torch
            self.torch = torch
            torch.set_num_threads(max(1, setup["threads"]))
            if setup["path"].endswith(".pt2"):
                self.module = torch.export.load(setup["path"]).module()
            else:
                self.module = torch.jit.load(setup["path"], map_location="cpu")
                self.module.eval()
            self.description = {"platform": "pytorch", "functions": ["predict"], "batchable": False}

        def predict(self, arrays, message):
            tensors = []
            for name, array in arrays:
                if array.dtype.kind == "O":
                    raise Refusal("invalid", f"input '{name}' is text, which PyTorch has no tensors of")
                if message["inferred"] and array.dtype.kind == "f":
                    array = array.astype("f4")
                tensors.append(self.torch.from_numpy(array))
            with self.torch.no_grad():
                result = self.module(*tensors)
            if isinstance(result, dict):
                return [(str(name), value.detach().cpu().numpy()) for name, value in result.items()]
            values = result if isinstance(result, (list, tuple)) else [result]
            return numbered([value.detach().cpu().numpy() for value in values])


    class MLflow:
        """A folder with an MLmodel file; without the package mlflow its scikit-learn flavour alone."""

        def __init__(self, setup):
            self.columns = []
            try:
                from mlflow.pyfunc import load_model
            except ImportError:
                self.model = self.pickled(setup)
            else:
                self.model = load_model(setup["path"])
                schema = getattr(getattr(self.model, "metadata", None), "get_input_schema", lambda: None)()
                self.columns = [name for name in (schema.input_names() if schema else []) if name]
            self.description = {"platform": "mlflow", "functions": ["predict"], "batchable": False}

        def pickled(self, setup):
            with open(os.path.join(setup["path"], "MLmodel")) as file:
                lines = [line.strip() for line in file]
            names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("pickled_model:")]
            if not names:
                raise Refusal("load", "this MLflow model needs the Python package mlflow")
            return Estimator(dict(setup, path=os.path.join(setup["path"], names[0]))).estimator

        def predict(self, arrays, message):
            data = arrays[0][1] if len(arrays) == 1 else table(arrays)
            if len(arrays) == 1 and self.columns and data.ndim == 2 and data.shape[1] == len(self.columns):
                from pandas import DataFrame
                data = DataFrame(data, columns=self.columns)
            result = self.model.predict(data)
            if hasattr(result, "columns"):
                return [(str(name), result[name].to_numpy()) for name in result.columns]
            if isinstance(result, dict):
                return [(str(name), value) for name, value in result.items()]
            return numbered([result])


    class KServe:
        """A program that serves a subclass of kserve.Model, unchanged: its server is not started, but its
        model taken. A file without such a start gives its one subclass."""

        def __init__(self, setup):
            import kserve, types
            taken = []
            kserve.ModelServer.start = lambda server, models=None, *rest, **named: taken.extend(
                models.values() if isinstance(models, dict) else models or [])
            sys.argv = [setup["path"], "--model_name", setup["name"]]
            program = types.ModuleType("__main__")
            program.__file__ = setup["path"]
            sys.modules["__main__"] = program
            with open(setup["path"], "rb") as file:
                exec(compile(file.read(), setup["path"], "exec"), program.__dict__)
            self.kserve = kserve
            self.model = taken[0] if taken else self.made(program.__dict__, setup)
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
            if not self.model.ready:
                loaded = self.model.load()
                if inspect.isawaitable(loaded):
                    loaded = self.loop.run_until_complete(loaded)
                if loaded is False or not self.model.ready:
                    raise Refusal("load", f"{type(self.model).__name__}.load() did not make the model ready")
            self.description = {
                "platform": "kserve", "functions": ["predict", "explain"], "batchable": False,
                "payloads": True, "inputs": self.model.get_input_types(),
                "outputs": self.model.get_output_types()}

        def made(self, namespace, setup):
            kinds = [kind for kind in namespace.values()
                     if inspect.isclass(kind) and issubclass(kind, self.kserve.Model)
                     and kind.__module__ == "__main__"]
            if setup["class_name"]:
                kinds = [kind for kind in kinds if kind.__name__ == setup["class_name"]]
            kinds = [kind for kind in kinds if not any(kind in other.__mro__[1:] for other in kinds)]
            if len(kinds) != 1:
                found = ", ".join(kind.__name__ for kind in kinds) or "none"
                raise Refusal("load", f"one subclass of kserve.Model is needed, found: {found}")
            return kinds[0](setup["name"])

        def call(self, body, function):
            verbs = self.kserve.model.InferenceVerb
            verb = verbs.EXPLAIN if function == "explain" else verbs.PREDICT
            result = self.model(body, headers={}, verb=verb)
            if inspect.isawaitable(result):
                result = self.loop.run_until_complete(result)
            if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict):
                result = result[0]
            if inspect.isasyncgen(result) or inspect.isgenerator(result):
                raise Refusal("unsupported", "the model streams its answer, which is not served here")
            return result

        def answer(self, body, function):
            result = self.call(body, function)
            if isinstance(result, self.kserve.InferResponse):
                return result.to_rest()[0]
            return result

        def predict(self, arrays, message):
            request = self.kserve.InferRequest(
                model_name=self.model.name, request_id=message.get("request"),
                infer_inputs=[self.input_of(name, array, tensor["datatype"])
                              for (name, array), tensor in zip(arrays, message["inputs"])])
            return self.tensors(self.call(request, message["function"]))

        def input_of(self, name, array, datatype):
            tensor = self.kserve.InferInput(name=name, shape=list(array.shape), datatype=datatype)
            if datatype in ("FP16", "BF16") or array.size > 1 << 20:
                tensor.set_data_from_numpy(array.copy(), binary_data=True)
            else:
                tensor.data = array.ravel().tolist()
            return tensor

        def tensors(self, result):
            if isinstance(result, self.kserve.InferResponse):
                return [(output.name, self.array(output)) for output in result.outputs]
            if isinstance(result, dict) and isinstance(result.get("outputs"), list):
                named = dict({"model_name": self.model.name, "id": None}, **result)
                response = self.kserve.InferResponse.from_rest(named)
                return [(output.name, self.array(output)) for output in response.outputs]
            for key in "predictions", "explanations", "instances":
                if isinstance(result, dict) and key in result:
                    return numbered([result[key]])
            if isinstance(result, (dict, str)):
                return numbered([[json.dumps(result, default=plain)]])
            return numbered([result])

        def array(self, output):
            import numpy as np
            array = output.as_numpy() if output.data is None else np.asarray(output.data)
            if output.datatype == "BYTES":
                return array.astype(object).reshape(output.shape)
            dtype = DTYPES.get(output.datatype)
            return (array.astype(dtype) if dtype else array).reshape(output.shape)


    """#
}
