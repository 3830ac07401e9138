internal import HTTPTransport

/// gRPC calls that reach the gateway: forwarding goes over HTTP/1.1, which has no place for their status.
struct GatewayCalls: GRPCHandler {
  func begin(_ call: GRPCCall) -> (any GRPCReceiver)? {
    call.finish(
      GRPCStatus(
        .unimplemented,
        "the gateway does not forward gRPC; call the model server's own address, or V2 REST through the "
          + "gateway"
      ))
    return nil
  }
}
