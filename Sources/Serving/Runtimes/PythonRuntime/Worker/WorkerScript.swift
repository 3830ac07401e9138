/// The program that workers run: plain Python, in which only numpy is needed. It is given to the interpreter
/// through a memory file, so that nothing has to be installed beside the server.
enum WorkerScript {
  static var text: String { talking + models + serving }

  /// Messages: a doorbell of two 64-bit numbers on a pipe says where in the shared memory a JSON text lies;
  /// tensors lie before it.
  private static let talking = #"""
    """Loads one model and predicts for the process that started it."""
    import asyncio, ctypes, inspect, json, mmap, os
    import signal, struct, sys, traceback

    REQUESTS, ANSWERS, INPUTS, OUTPUTS = 3, 4, 5, 6
    BELL = struct.Struct("<QQ")
    DTYPES = {"BOOL": "?", "INT8": "<i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "UINT8": "<u1",
              "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8"}


    class Refusal(Exception):
        """What the model or the request is refused for; `kind` says whose fault it is."""

        def __init__(self, kind, message):
            super().__init__(message)
            self.kind = kind


    class Memory:
        """A shared file, mapped as far as it reaches."""

        def __init__(self, descriptor):
            self.descriptor = descriptor
            self.map = None

        def view(self, size, grow=False):
            if grow and os.fstat(self.descriptor).st_size < size:
                os.ftruncate(self.descriptor, size)
            if self.map is None or len(self.map) < size:
                self.map = mmap.mmap(self.descriptor, os.fstat(self.descriptor).st_size)
            return self.map

        def release(self, limit):
            """Gives memory back after an exceptionally large request."""
            if self.map is not None and len(self.map) > limit:
                self.map = None


    def read_exactly(descriptor, count):
        parts = b""
        while len(parts) < count:
            part = os.read(descriptor, count - len(parts))
            if not part:
                # The server closed the pipe, or is gone.
                os._exit(0)
            parts += part
        return parts


    def receive(inputs):
        offset, length = BELL.unpack(read_exactly(REQUESTS, BELL.size))
        return json.loads(inputs.view(offset + length)[offset:offset + length])


    def send(outputs, message, blobs=()):
        """Blobs are (offset, bytes-like); the message follows them."""
        text = json.dumps(message).encode()
        offset = max([start + len(blob) for start, blob in blobs], default=0)
        memory = outputs.view(max(1, offset + len(text)), grow=True)
        for start, blob in blobs:
            memory[start:start + len(blob)] = blob
        memory[offset:offset + len(text)] = text
        os.write(ANSWERS, BELL.pack(offset, len(text)))


    def texts_of(data, count):
        texts, position = [], 0
        for _ in range(count):
            length = int.from_bytes(data[position:position + 4], "little")
            raw = bytes(data[position + 4:position + 4 + length])
            try:
                texts.append(raw.decode())
            except UnicodeDecodeError:
                texts.append(raw)
            position += 4 + length
        return texts


    def array_of(tensor, memory):
        import numpy as np
        start, end = tensor["offset"], tensor["offset"] + tensor["bytes"]
        shape = tuple(tensor["shape"])
        if tensor["datatype"] == "BYTES":
            texts = texts_of(memoryview(memory)[start:end], int(np.prod(shape, dtype=np.int64)))
            array = np.empty(len(texts), dtype=object)
            array[:] = texts
            return array.reshape(shape)
        if tensor["datatype"] == "BF16":
            bits = np.frombuffer(memory, "<u2", (end - start) // 2, start).astype("<u4") << 16
            return bits.view("<f4").reshape(shape)
        dtype = np.dtype(DTYPES[tensor["datatype"]])
        return np.frombuffer(memory, dtype, (end - start) // dtype.itemsize, start).reshape(shape)


    def packed(name, value):
        """A tensor's description without its place, and its bytes."""
        import numpy as np
        if hasattr(value, "toarray"):
            value = value.toarray()
        array = np.asarray(value)
        if array.dtype.kind in "OUS":
            parts = []
            for element in array.ravel():
                if not isinstance(element, (str, bytes)):
                    element = str(element)
                raw = element.encode() if isinstance(element, str) else element
                parts.append(len(raw).to_bytes(4, "little") + raw)
            return {"name": name, "datatype": "BYTES", "shape": list(array.shape)}, b"".join(parts)
        if array.dtype.kind == "f" and array.dtype.itemsize > 8:
            array = array.astype("<f8")
        shape = list(array.shape)
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
        for datatype, dtype in DTYPES.items():
            if np.dtype(dtype) == array.dtype:
                data = memoryview(array.view("u1")) if array.size else b""
                return {"name": name, "datatype": datatype, "shape": shape}, data
        raise Refusal("failed", f"its output '{name}' has the type {array.dtype}, which no tensor can hold")


    def answer(outputs, tensors):
        blobs, described, offset = [], [], 0
        for name, value in tensors:
            entry, data = packed(name, value)
            entry["offset"], entry["bytes"] = offset, len(data)
            described.append(entry)
            blobs.append((offset, data))
            offset += -(-len(data) // 64) * 64
        send(outputs, {"ok": True, "outputs": described}, blobs)


    """#

  private static let serving = #"""
    KINDS = {"sklearn": Estimator, "pytorch": Torch, "mlflow": MLflow, "kserve": KServe}


    def protect(setup):
        """The worker goes where its server goes, and takes no more memory than it may."""
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != setup["parent"]:
            os._exit(0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if setup["memory_limit"]:
            from resource import RLIMIT_DATA, setrlimit
            setrlimit(RLIMIT_DATA, (setup["memory_limit"],) * 2)


    def resident_bytes():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


    def described(error):
        """The error as the server tells it: whose fault, and one sentence."""
        if isinstance(error, Refusal):
            return {"ok": False, "kind": error.kind, "message": str(error)}
        names = {kind.__name__ for kind in type(error).__mro__}
        status = getattr(error, "status_code", None)
        kind = "failed"
        if "InvalidInput" in names or (isinstance(status, int) and 400 <= status < 500):
            kind = "invalid"
        elif isinstance(error, NotImplementedError):
            kind = "unsupported"
        text = getattr(error, "reason", None) or getattr(error, "detail", None) or str(error)
        return {"ok": False, "kind": kind, "message": f"{type(error).__name__}: {text}"}


    def serve(model, inputs, outputs):
        while True:
            message = receive(inputs)
            try:
                if "payload" in message:
                    place = message["payload"]
                    memory = inputs.view(place["offset"] + place["bytes"])
                    body = json.loads(memory[place["offset"]:place["offset"] + place["bytes"]])
                    text = json.dumps(model.answer(body, message["function"]), default=plain).encode()
                    tensors = [("payload", [text])]
                else:
                    end = max([t["offset"] + t["bytes"] for t in message["inputs"]], default=0)
                    memory = inputs.view(max(1, end))
                    arrays = [(t["name"], array_of(t, memory)) for t in message["inputs"]]
                    tensors = model.predict(arrays, message)
                answer(outputs, tensors)
            except Exception as error:
                if not isinstance(error, Refusal):
                    traceback.print_exc()
                send(outputs, described(error))
            inputs.release(1 << 26)
            outputs.release(1 << 26)


    def main():
        inputs, outputs = Memory(INPUTS), Memory(OUTPUTS)
        setup = receive(inputs)
        protect(setup)
        folder = setup["path"] if os.path.isdir(setup["path"]) else os.path.dirname(setup["path"])
        sys.path[0] = folder
        try:
            model = KINDS[setup["kind"]](setup)
        except (Exception, SystemExit) as error:
            if not isinstance(error, Refusal):
                traceback.print_exc()
            send(outputs, described(error))
            os._exit(1)
        ready = {"ok": True, "memory": resident_bytes(), "python": sys.version.split()[0]}
        ready.update(model.description)
        send(outputs, ready)
        serve(model, inputs, outputs)


    main()

    """#
}
