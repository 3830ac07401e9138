internal import Basics
internal import Formats
internal import InferenceProtocol
internal import Linux
internal import ModelRuntime

/// What server and worker tell each other: JSON in the shared memory, behind the tensors that it describes.
enum WorkerMessage {
  /// A message's text and where it lies.
  struct Place: Sendable {
    var offset: Int
    var length: Int
  }

  private static let alignment = 64
  /// Longer messages from a worker are not read.
  private static let maximumText = 64 << 20

  static func setup(_ setup: WorkerSetup) -> JSONValue {
    [
      "kind": .string(setup.kind.rawValue), "path": .string(setup.path), "name": .string(setup.name),
      "class_name": .string(setup.className), "probabilities": .bool(setup.predictsProbabilities),
      "threads": .number(JSONNumber(Int64(setup.threads))),
      "memory_limit": .number(JSONNumber(Int64(setup.memoryLimit))),
      "parent": .number(JSONNumber(Int64(ProcessEnvironment.processIdentifier))),
    ]
  }

  /// Writes a text alone.
  static func write(_ text: JSONValue, to file: borrowing Linux.FileDescriptor) throws(LinuxError) -> Place {
    try append(text, to: file, at: 0)
  }

  /// Writes a request's tensors, then its description.
  static func write(
    _ request: PredictRequest, to file: borrowing Linux.FileDescriptor
  ) throws(LinuxError) -> Place {
    var offset = 0
    var entries: [JSONValue] = []
    for tensor in request.inputs {
      let count = try write(tensor.values, to: file, at: offset)
      entries.append([
        "name": .string(tensor.name), "datatype": .string(tensor.datatype.rawValue),
        "shape": .array(tensor.shape.map { .number(JSONNumber(Int64($0))) }),
        "offset": .number(JSONNumber(Int64(offset))), "bytes": .number(JSONNumber(Int64(count))),
      ])
      offset = (offset + count + alignment - 1) / alignment * alignment
    }
    var message: JSONObject = [
      "function": .string(request.function.rawValue), "inferred": .bool(request.hasInferredTypes),
      "inputs": .array(entries),
    ]
    if let payload = request.payload {
      try write(payload, to: file, at: offset)
      message["payload"] = [
        "offset": .number(JSONNumber(Int64(offset))), "bytes": .number(JSONNumber(Int64(payload.count))),
      ]
      offset += payload.count
    }
    return try append(.object(message), to: file, at: offset)
  }

  private static func append(
    _ text: JSONValue, to file: borrowing Linux.FileDescriptor, at offset: Int
  ) throws(LinuxError) -> Place {
    let bytes = text.encoded()
    try write(bytes, to: file, at: offset)
    return Place(offset: offset, length: bytes.count)
  }

  private static func write(
    _ values: TensorValues, to file: borrowing Linux.FileDescriptor, at offset: Int
  ) throws(LinuxError) -> Int {
    switch values {
    case .int8(let values): try write(values, to: file, at: offset)
    case .int16(let values): try write(values, to: file, at: offset)
    case .int32(let values): try write(values, to: file, at: offset)
    case .int64(let values): try write(values, to: file, at: offset)
    case .uint8(let values): try write(values, to: file, at: offset)
    case .uint16(let values): try write(values, to: file, at: offset)
    case .uint32(let values): try write(values, to: file, at: offset)
    case .uint64(let values): try write(values, to: file, at: offset)
    case .float32(let values): try write(values, to: file, at: offset)
    case .float64(let values): try write(values, to: file, at: offset)
    case .raw(let elements): try write(elements.bytes, to: file, at: offset)
    case .bool, .strings:
      var bytes = Bytes()
      values.appendBinary(to: &bytes)
      try write(bytes, to: file, at: offset)
    }
    return values.binarySize
  }

  private static func write(
    _ values: some Collection<some BitwiseCopyable>, to file: borrowing Linux.FileDescriptor, at offset: Int
  ) throws(LinuxError) {
    let number = file.number
    let result = values.withContiguousStorageIfAvailable { buffer -> Result<Void, LinuxError> in
      do throws(LinuxError) {
        return .success(
          try MemoryFile.write(UnsafeRawBufferPointer(buffer), toDescriptor: number, at: offset))
      } catch {
        return .failure(error)
      }
    }
    try result?.get()
  }

  // MARK: what the worker says

  static func read(
    _ file: borrowing Linux.FileDescriptor, at place: Place
  ) throws(LinuxError) -> JSONValue? {
    guard place.offset >= 0, place.length > 0, place.length <= maximumText else { return nil }
    let bytes = try MemoryFile.read(file, at: place.offset, count: place.length)
    guard bytes.count == place.length else { return nil }
    return try? JSONValue(parsing: bytes)
  }

  /// The answer to a request: tensors, or whose fault it was that there are none.
  static func answer(
    _ message: JSONValue, in file: borrowing Linux.FileDescriptor
  ) throws(LinuxError) -> Result<[Tensor], PredictError> {
    guard message["ok"]?.bool == true else {
      let text = message["message"]?.string ?? "the Python worker gave no reason"
      switch message["kind"]?.string {
      case "invalid": return .failure(.invalidInput(text))
      case "unsupported": return .failure(.unsupported(text))
      default: return .failure(.failed(text))
      }
    }
    let size = try MemoryFile.size(of: file)
    var tensors: [Tensor] = []
    for entry in message["outputs"]?.array ?? [] {
      guard let name = entry["name"]?.string, let shape = WorkerReady.shape(entry["shape"]),
        let datatype = DataType(rawValue: entry["datatype"]?.string ?? ""),
        let offset = entry["offset"]?.int, let length = entry["bytes"]?.int,
        let count = Tensor.elementCount(of: shape), offset >= 0, length >= 0, offset <= Int64(size),
        length <= Int64(size) - offset
      else { return .failure(.failed("the Python worker's answer cannot be read")) }
      let bytes = try MemoryFile.read(file, at: Int(offset), count: Int(length))
      guard let elements = RawElements(datatype, count: count, bytes: bytes[...]) else {
        return .failure(.failed("the Python worker's answer cannot be read: output '\(name)'"))
      }
      tensors.append(Tensor(name: name, shape: shape, values: .raw(elements)))
    }
    return .success(tensors)
  }
}

/// What a worker is started with.
struct WorkerSetup: Sendable {
  var kind: PythonModelKind
  var path: String
  var name: String
  var className: String
  var predictsProbabilities: Bool
  var threads: Int
  var memoryLimit: Int
  var interpreter: String
}

/// What a worker says once its model is loaded.
struct WorkerReady: Sendable, Hashable {
  var platform = "python"
  var functions: [ModelFunction] = [.predict]
  var isBatchable = false
  var takesPayloads = false
  var inputs: [ModelSignature.TensorSpec] = []
  var outputs: [ModelSignature.TensorSpec] = []
  var featureNames: [String] = []
  var memoryBytes = 0
  var python = ""

  init(_ message: JSONValue) {
    platform = message["platform"]?.string ?? platform
    let functions = (message["functions"]?.array ?? []).compactMap {
      ModelFunction(rawValue: $0.string ?? "")
    }
    if !functions.isEmpty { self.functions = functions }
    isBatchable = message["batchable"]?.bool ?? false
    takesPayloads = message["payloads"]?.bool ?? false
    inputs = Self.specs(message["inputs"])
    outputs = Self.specs(message["outputs"])
    featureNames = (message["names"]?.array ?? []).compactMap(\.string)
    memoryBytes = Int(clamping: message["memory"]?.int ?? 0)
    python = message["python"]?.string ?? ""
  }

  private static func specs(_ value: JSONValue?) -> [ModelSignature.TensorSpec] {
    (value?.array ?? []).compactMap { entry in
      guard let name = entry["name"]?.string,
        let datatype = DataType(rawValue: entry["datatype"]?.string ?? ""),
        let shape = shape(entry["shape"])
      else { return nil }
      return .init(name: name, datatype: datatype, shape: shape)
    }
  }

  static func shape(_ value: JSONValue?) -> [Int]? {
    guard let array = value?.array, array.count <= 64 else { return nil }
    let dimensions = array.compactMap { $0.int.flatMap { Int(exactly: $0) } }
    return dimensions.count == array.count ? dimensions : nil
  }
}
