public import InferenceProtocol
internal import Linux

extension CloudEventReply {
  /// From `CE_MERGE`, `CE_TYPE` and `CE_SOURCE` of this process.
  public static var current: CloudEventReply {
    func variable(_ name: String) -> String? {
      ProcessEnvironment.variable(name).flatMap { $0.isEmpty ? nil : $0 }
    }
    var reply = CloudEventReply()
    reply.mergesAttributes = variable("CE_MERGE")?.lowercased() == "true"
    if let type = variable("CE_TYPE") { reply.type = type }
    reply.source = variable("CE_SOURCE")
    return reply
  }
}
