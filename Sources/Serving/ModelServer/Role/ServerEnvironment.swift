internal import Linux

/// What the model server takes from its environment variables.
public struct ServerEnvironment: Sendable, Hashable {
  /// `POD_IP`: the address that the pod owns.
  public var podAddress: String?
  /// `PREDICT_PROBA=true`: classifiers answer probabilities.
  public var predictsProbabilities = false
  /// `APUS_READY_FD`: an inherited descriptor that gets `ready\n` once the server answers.
  public var readyDescriptor: Int32?

  /// `MODEL_INIT_MODE=async`: the server listens before its models are loaded, and is not ready until then.
  public var loadsInBackground = false

  /// Whether something that routes requests started this server.
  var isPod: Bool { podAddress != nil || readyDescriptor != nil }

  public init() {}

  /// From this process's variables.
  public static var current: ServerEnvironment {
    var environment = ServerEnvironment()
    environment.podAddress = ProcessEnvironment.variable("POD_IP").flatMap { $0.isEmpty ? nil : $0 }
    environment.predictsProbabilities = ProcessEnvironment.variable("PREDICT_PROBA")?.lowercased() == "true"
    environment.loadsInBackground = ProcessEnvironment.variable("MODEL_INIT_MODE")?.lowercased() == "async"
    // 0, 1 and 2 are the standard streams.
    environment.readyDescriptor = ProcessEnvironment.variable("APUS_READY_FD").flatMap(Int32.init)
      .flatMap { $0 > 2 ? $0 : nil }
    return environment
  }
}
