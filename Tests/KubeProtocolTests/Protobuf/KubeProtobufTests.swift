internal import Basics
internal import Formats
internal import KubeProtocol
internal import Testing

@Suite struct KubeProtobufTests {
  /// What kubectl 1.32 sends for `kubectl create configmap c --from-literal=a=b`.
  private static let configMap =
    Bytes("k8s\0".utf8)
    + [0x0A, 0x0F, 0x0A, 0x02] + Bytes("v1".utf8) + [0x12, 0x09] + Bytes("ConfigMap".utf8)
    + [0x12, 0x1B, 0x0A, 0x11, 0x0A, 0x01] + Bytes("c".utf8)
    + [0x12, 0x00, 0x1A, 0x00, 0x22, 0x00, 0x2A, 0x00, 0x32, 0x00, 0x38, 0x00, 0x42, 0x00]
    + [0x12, 0x06, 0x0A, 0x01] + Bytes("a".utf8) + [0x12, 0x01] + Bytes("b".utf8) + [0x1A, 0x00, 0x22, 0x00]

  @Test func aConfigMapAsKubectlSendsItBecomesItsJSON() throws {
    let object = try KubeProtobuf.decode(Self.configMap, catalog: BuiltinSchemas.catalog)
    #expect(
      object == [
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "c", "generation": 0],
        "data": ["a": "b"],
      ])
  }

  @Test func bytesBecomeBase64AndNumbersKeepTheirType() throws {
    let secret = envelope("Secret", [0x12, 0x06, 0x0A, 0x01, 0x70, 0x12, 0x01, 0x71, 0x1A, 0x00])
    #expect(try KubeProtobuf.decode(secret, catalog: BuiltinSchemas.catalog).at("data", "p") == "cQ==")
    let port: Bytes = [
      0x12, 0x0E, 0x0A, 0x0C, 0x18, 0x50, 0x22, 0x06, 0x08, 0x01, 0x10, 0x00, 0x1A, 0x00, 0x28, 0x00,
    ]
    let service = try KubeProtobuf.decode(envelope("Service", port), catalog: BuiltinSchemas.catalog)
    #expect(service.at("spec", "ports")?[0]?["port"] == 80)
    #expect(service.at("spec", "ports")?[0]?["targetPort"] == nil)
  }

  @Test func whatHasNoNumberHereIsRefusedByName() throws {
    let error = #expect(throws: KubeProtobufError.self) {
      try KubeProtobuf.decode(
        envelope("ConfigMap", [0xBA, 0x06, 0x01, 0x61]), catalog: BuiltinSchemas.catalog)
    }
    // Typed clients write every member, set or not: one that is empty says nothing.
    let empty = try KubeProtobuf.decode(
      envelope("ConfigMap", [0xBA, 0x06, 0x00]), catalog: BuiltinSchemas.catalog)
    #expect(empty == ["apiVersion": "v1", "kind": "ConfigMap"])
    #expect(error?.message.contains("ConfigMap") == true)
    let unknown = #expect(throws: KubeProtobufError.self) {
      try KubeProtobuf.decode(envelope("Gadget", []), catalog: BuiltinSchemas.catalog)
    }
    #expect(unknown?.message.contains("Gadget") == true)
  }

  @Test func truncationsAndGarbageAreErrorsNotCrashes() {
    let sample = Self.configMap
    for length in 0..<sample.count {
      _ = try? KubeProtobuf.decode(Array(sample[..<length]), catalog: BuiltinSchemas.catalog)
    }
    var state: UInt64 = 5
    for _ in 0..<3000 {
      var copy = sample
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        copy[4 + Int((state >> 33) % UInt64(copy.count - 4))] = UInt8(truncatingIfNeeded: state >> 20)
      }
      _ = try? KubeProtobuf.decode(copy, catalog: BuiltinSchemas.catalog)
    }
  }

  private func envelope(_ kind: String, _ content: Bytes) -> Bytes {
    let type: Bytes = [0x0A, 2] + Bytes("v1".utf8) + [0x12, UInt8(kind.utf8.count)] + Bytes(kind.utf8)
    return Bytes("k8s\0".utf8) + [0x0A, UInt8(type.count)] + type + [0x12, UInt8(content.count)] + content
  }
}
