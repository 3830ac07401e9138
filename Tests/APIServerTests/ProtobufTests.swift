import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct ProtobufTests {
  @Test func typedClientsBodiesAreRead() async throws {
    // As a typed client sends it: zero values of plain fields are written out.
    var unknown = ProtobufWriter()
    unknown.message(1) { typeMeta in
      typeMeta.text(1, "v1")
      typeMeta.text(2, "Secret")
    }
    unknown.message(2) { secret in
      secret.message(1) { metadata in
        metadata.text(1, "s")
        metadata.message(2) { _ in }
        metadata.message(3) { _ in }
        metadata.message(8) { _ in }
        metadata.message(11) { entry in
          entry.text(1, "app")
          entry.text(2, "web")
        }
      }
      secret.message(2) { entry in
        entry.text(1, "user")
        entry.text(2, "admin")
      }
      secret.message(3) { _ in }
    }
    let body = [0x6B, 0x38, 0x73, 0] + unknown.bytes
    try await TestServer.run { test in
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/secrets",
          body: .bytes(body, contentType: "application/vnd.kubernetes.protobuf")))
      #expect(answer.status == 201)
      #expect(answer.json["data"] == ["user": "YWRtaW4="])
      #expect(answer.json["type"] == "Opaque")
      #expect(answer.json.at("metadata", "labels") == ["app": "web"])
    }
  }
}
