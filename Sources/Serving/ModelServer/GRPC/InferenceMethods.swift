internal import Basics
internal import Formats
internal import InferenceProtocol
internal import ModelRuntime

/// The unary methods of `inference.GRPCInferenceService` besides `ModelInfer`, by name.
enum InferenceMethods {
  /// On the loop with that index.
  typealias Read =
    @Sendable (
      UnsafeRawBufferPointer, ServingContext, _ loop: Int
    ) throws(RequestFailure) -> Bytes
  /// Decodes on the loop; what it returns blocks.
  typealias Prepare =
    @Sendable (
      UnsafeRawBufferPointer, ServingContext
    ) throws(RequestFailure) -> @Sendable () throws(RequestFailure) -> Bytes

  static let reading: [String: Read] = [
    "ServerLive": { _, _, _ in
      var writer = ProtobufWriter()
      writer.field(1, true)
      return writer.bytes
    },
    "ServerReady": { _, context, _ in
      var writer = ProtobufWriter()
      writer.field(1, context.isReady)
      return writer.bytes
    },
    "ServerMetadata": { _, context, _ in
      var writer = ProtobufWriter()
      writer.field(1, ServerDescription.name)
      writer.field(2, context.options.version)
      for name in ServerDescription.extensions { writer.element(3, name) }
      return writer.bytes
    },
    "ModelReady": { (message, context, loop) throws(RequestFailure) in
      let asked = try NameAndVersion(message)
      let entry = try context.find(asked.name, version: asked.version, loop: loop)
      var writer = ProtobufWriter()
      writer.field(1, entry.isServable)
      return writer.bytes
    },
    "ModelMetadata": { (message, context, loop) throws(RequestFailure) in
      try metadata(try NameAndVersion(message), context, loop)
    },
    "ModelConfig": { (message, context, loop) throws(RequestFailure) in
      let asked = try NameAndVersion(message)
      return configuration(try context.findServable(asked.name, version: asked.version, loop: loop))
    },
    "ModelStatistics": { (message, context, loop) throws(RequestFailure) in
      try statistics(try NameAndVersion(message), context, loop)
    },
  ]

  static let blocking: [String: Prepare] = [
    "RepositoryIndex": { (message, context) throws(RequestFailure) in
      let fields = try Fields(message)
      let onlyReady = fields.numbers[2].map { $0 != 0 } ?? false
      return { index(context.repository, onlyReady: onlyReady) }
    },
    "RepositoryModelLoad": { (message, context) throws(RequestFailure) in
      let name = try repositoryName(message)
      return { () throws(RequestFailure) in
        try RepositoryIndex.load(name, context.repository)
        return done(name)
      }
    },
    "RepositoryModelUnload": { (message, context) throws(RequestFailure) in
      let name = try repositoryName(message)
      return { () throws(RequestFailure) in
        try RepositoryIndex.unload(name, version: nil, context.repository)
        return done(name)
      }
    },
  ]

  private static func metadata(
    _ asked: NameAndVersion, _ context: ServingContext, _ loop: Int
  ) throws(RequestFailure) -> Bytes {
    let entry = try context.findServable(asked.name, version: asked.version, loop: loop)
    var writer = ProtobufWriter()
    writer.field(1, entry.name)
    for version in context.repository.versions(of: entry.name).compactMap(\.version) {
      writer.element(2, version)
    }
    writer.field(3, entry.signature?.platform ?? "")
    func write(_ specs: [ModelSignature.TensorSpec]?, _ number: Int) {
      for spec in specs ?? [] {
        writer.message(number) { tensor in
          tensor.field(1, spec.name)
          tensor.field(2, spec.datatype.rawValue)
          tensor.packed(3, spec.shape)
        }
      }
    }
    write(entry.signature?.inputs, 4)
    write(entry.signature?.outputs, 5)
    return writer.bytes
  }

  private static func configuration(_ entry: ModelEntry) -> Bytes {
    let configuration = ModelConfiguration(entry)
    var writer = ProtobufWriter()
    writer.message(1) { config in
      config.field(1, configuration.name)
      config.field(2, configuration.platform)
      config.field(4, UInt64(clamping: configuration.maximumBatch))
      for (number, dimensions, places) in [(5, 4, configuration.inputs), (6, 3, configuration.outputs)] {
        for place in places {
          config.message(number) { message in
            message.field(1, place.name)
            message.field(2, ModelConfiguration.typeNumber(place.type))
            message.packed(dimensions, place.dimensions)
          }
        }
      }
      config.field(17, configuration.platform)
    }
    return writer.bytes
  }

  private static func statistics(
    _ asked: NameAndVersion, _ context: ServingContext, _ loop: Int
  ) throws(RequestFailure) -> Bytes {
    let entries: [ModelEntry]
    if asked.name.isEmpty {
      entries = context.repository.entries()
    } else {
      let entry = try context.find(asked.name, version: asked.version, loop: loop)
      entries = asked.version == nil ? context.repository.versions(of: asked.name) : [entry]
    }
    var writer = ProtobufWriter()
    for entry in entries {
      let statistics = ModelStatistics(entry, clock: context.clock)
      writer.message(1) { write(statistics, into: &$0) }
    }
    return writer.bytes
  }

  private static func write(_ statistics: ModelStatistics, into writer: inout ProtobufWriter) {
    writer.field(1, statistics.name)
    writer.field(2, statistics.version)
    writer.field(3, statistics.lastInference)
    writer.field(4, statistics.inferenceCount)
    writer.field(5, statistics.executionCount)
    writer.message(6) { message in
      for (_, number, duration) in statistics.durations {
        message.message(number) {
          $0.field(1, duration.count)
          $0.field(2, duration.nanoseconds)
        }
      }
    }
    writer.message(8) {
      $0.field(1, "CPU")
      $0.field(3, UInt64(clamping: statistics.memoryBytes))
    }
  }

  private static func index(_ repository: ModelRepository, onlyReady: Bool) -> Bytes {
    var writer = ProtobufWriter()
    for row in RepositoryIndex.rows(repository, onlyReady: onlyReady) {
      writer.message(1) {
        $0.field(1, row.name)
        $0.field(2, row.version ?? "")
        $0.field(3, row.state)
        $0.field(4, row.reason)
      }
    }
    return writer.bytes
  }

  /// Upstream's message has the name in field 1; Triton's has the repository's there and the model's in 2.
  private static func repositoryName(_ message: UnsafeRawBufferPointer) throws(RequestFailure) -> String {
    let fields = try Fields(message)
    return fields.texts[2] ?? fields.texts[1] ?? ""
  }

  /// Upstream's answer; Triton's has no fields, and its clients skip these.
  private static func done(_ name: String) -> Bytes {
    var writer = ProtobufWriter()
    writer.field(1, name)
    writer.field(2, true)
    return writer.bytes
  }
}

/// The fields that most small requests have: a name and a version.
struct NameAndVersion {
  let name: String
  /// Nil where none was asked for.
  let version: String?

  init(_ message: UnsafeRawBufferPointer) throws(RequestFailure) {
    let fields = try Fields(message)
    name = fields.texts[1] ?? ""
    version = fields.texts[2].flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// The texts and numbers of a small message by their fields' numbers.
struct Fields {
  private(set) var texts: [Int: String] = [:]
  private(set) var numbers: [Int: UInt64] = [:]

  /// More fields than any of these messages has are skipped.
  private static let highestNumber = 15

  init(_ message: UnsafeRawBufferPointer) throws(RequestFailure) {
    var reader = ProtobufReader(message)
    do throws(ProtobufError) {
      while let tag = try reader.next() {
        switch tag.wireType {
        case .lengthDelimited where tag.number <= Self.highestNumber:
          // Nested messages have no text that anybody asks for.
          texts[tag.number] = String(validating: try reader.payload(), as: UTF8.self)
        case .varint where tag.number <= Self.highestNumber: numbers[tag.number] = try reader.varint()
        default: try reader.skip(tag)
        }
      }
    } catch {
      throw .request(InferenceRequestError(error))
    }
  }
}
