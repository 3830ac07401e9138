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

  /// The envelope of an object of `kind`, whose message is `content`.
  private func body(_ apiVersion: String, _ kind: String, _ content: Bytes) -> Bytes {
    var envelope = ProtobufWriter()
    envelope.message(1) { typeMeta in
      typeMeta.text(1, apiVersion)
      typeMeta.text(2, kind)
    }
    // The length as a varint of two bytes.
    let length = [UInt8(truncatingIfNeeded: content.count & 0x7F | 0x80), UInt8(content.count >> 7)]
    return [0x6B, 0x38, 0x73, 0] + envelope.bytes + [0x12] + length + content
  }

  @Test func fieldsOfEmbeddedMessagesStandBesideTheOthers() async throws {
    var pod = ProtobufWriter()
    pod.message(1) { $0.text(1, "debugger") }
    pod.message(2) { spec in
      spec.message(1) { volume in
        volume.text(1, "root")
        volume.message(2) { source in
          source.message(1) { path in
            path.text(1, "/")
            path.message(2) { _ in }
          }
        }
      }
      spec.message(2) { container in
        container.text(1, "main")
        container.text(2, "busybox")
        container.message(7) { variable in
          variable.text(1, "A")
          variable.message(3) { source in
            source.message(4) { selector in
              selector.message(1) { $0.text(1, "secret") }
              selector.text(2, "key")
            }
          }
        }
      }
    }
    let bytes = body("v1", "Pod", pod.bytes)
    try await TestServer.run { test in
      let answer = try await test.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/pods",
          body: .bytes(bytes, contentType: "application/vnd.kubernetes.protobuf")))
      #expect(answer.status == 201)
      #expect(answer.json.at("spec", "volumes")?.array?.first?.at("hostPath", "path") == "/")
      let variable = answer.json.at("spec", "containers")?.array?.first?["env"]?.array?.first
      #expect(variable?.at("valueFrom", "secretKeyRef") == ["name": "secret", "key": "key"])
    }
  }

  @Test func unsetFieldsOfNewerClientsArePassedOverAndSetOnesAreNamed() async throws {
    func job(_ text: String) -> Bytes {
      var job = ProtobufWriter()
      job.message(1) { $0.text(1, "j") }
      job.message(2) { spec in
        spec.message(6) { template in
          template.message(2) { pod in
            pod.message(2) { container in
              container.text(1, "main")
              container.text(2, "busybox")
            }
            pod.text(3, "Never")
          }
        }
      }
      job.message(3) { status in
        status.message(7) { _ in }
        status.message(99) { $0.text(1, text) }
      }
      return body("batch/v1", "Job", job.bytes)
    }
    try await TestServer.run { test in
      func create(_ bytes: Bytes) async throws -> (status: Int, json: JSONValue) {
        let answer = try await test.json(
          KubeRequest(
            method: "POST", path: "/apis/batch/v1/namespaces/default/jobs",
            body: .bytes(bytes, contentType: "application/vnd.kubernetes.protobuf")))
        return (answer.status, answer.json)
      }
      let refused = try await create(job("x"))
      #expect(refused.status == 415)
      #expect(refused.json["message"]?.string?.contains("status: field 99") == true)
      #expect(try await create(job("")).status == 201)
    }
  }
}
