import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct OpenAPITests {
  private func document(_ test: TestServer, _ path: String, accept: String = "") async throws -> (
    Bytes, String
  ) {
    let pure = String(path.prefix { $0 != "?" })
    let response = try await test.server.send(KubeRequest(method: "GET", path: pure, accept: accept))
    guard case .bytes(let bytes, let type) = response.body else { return ([], "") }
    return (bytes, type)
  }

  private func references(_ value: JSONValue) -> [String] {
    switch value {
    case .array(let elements): return elements.flatMap(references)
    case .object(let object):
      return object.members.flatMap { member -> [String] in
        if member.key == "$ref", let text = member.value.string { return [text] }
        return references(member.value)
      }
    default: return []
    }
  }

  @Test func everyReferenceInVersion3Resolves() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, CustomResourceTests.definition())
      let index = try await test.get("/openapi/v3")["paths"]?.object ?? [:]
      #expect(index.keys.contains("api/v1") && index.keys.contains("apis/example.com/v1"))
      for (path, entry) in index {
        let (bytes, _) = try await document(test, entry["serverRelativeURL"]?.string ?? "")
        let json = try JSONValue(parsing: bytes)
        let names = Set(
          (json.at("components", "schemas")?.object ?? [:]).keys.map { "#/components/schemas/\($0)" })
        let missing = Set(references(json)).subtracting(names)
        #expect(!names.isEmpty && missing.isEmpty, "\(path): \(missing)")
      }
    }
  }

  @Test func patchesListTheFieldValidationParameter() async throws {
    try await TestServer.run { test in
      try await test.client.create(.customResourceDefinitions, CustomResourceTests.definition())
      let (bytes, _) = try await document(test, "/openapi/v3/apis/example.com/v1")
      let json = try JSONValue(parsing: bytes)
      let path = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"
      let patch = json.at("paths", path, "patch")
      #expect(
        patch?["x-kubernetes-group-version-kind"] == [
          "group": "example.com", "kind": "Widget", "version": "v1",
        ])
      #expect(patch?["parameters"]?.array?.contains { $0["name"] == "fieldValidation" } == true)
      // kubectl apply takes the first form that it finds here.
      #expect(
        patch?.at("requestBody", "content")?.object?.keys.sorted() == [
          "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
        ])
      let widget = json.at("components", "schemas", "com.example.v1.Widget")
      #expect(widget?.at("properties", "metadata") != nil)
    }
  }

  @Test func version2IsTheSameInJSONAndProtobuf() async throws {
    try await TestServer.run { test in
      let (text, _) = try await document(test, "/openapi/v2")
      let json = try JSONValue(parsing: text)
      let names = Set((json["definitions"]?.object ?? [:]).keys)
      let missing = Set(references(json)).subtracting(names.map { "#/definitions/\($0)" })
      #expect(missing.isEmpty)
      let (bytes, type) = try await document(
        test, "/openapi/v2", accept: "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
      #expect(type == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
      let document = try ProtobufFields(bytes)
      #expect(document.text(1) == "2.0")
      #expect(try document.message(2)?.text(1) == "Kubernetes")
      let definitions = try document.message(9)?.messages(1) ?? []
      #expect(Set(definitions.compactMap { $0.text(1) }) == names)
      let paths = try document.message(8)?.messages(2) ?? []
      #expect(Set(paths.compactMap { $0.text(1) }) == Set((json["paths"]?.object ?? [:]).keys))
      let spec = try #require(definitions.first { $0.text(1) == "io.k8s.api.core.v1.PodSpec" })
      let schema = try #require(try spec.message(2))
      #expect(schema.texts(19) == ["containers"])
      let properties = try schema.message(25)?.messages(1) ?? []
      let containers = try #require(try properties.first { $0.text(1) == "containers" }?.message(2))
      let extensions = try containers.messages(31)
      let mergeKey = try extensions.first { $0.text(1) == "x-kubernetes-patch-merge-key" }?.message(2)
      #expect(mergeKey?.text(2) == "\"name\"\n")
      #expect(try containers.message(23)?.message(1)?.text(1) == "#/definitions/io.k8s.api.core.v1.Container")
    }
  }
}

/// A message of Protocol Buffers, taken apart: enough to read back what the server wrote.
struct ProtobufFields {
  struct Malformed: Error {}

  private var fields: [UInt64: [Bytes]] = [:]

  init(_ bytes: Bytes) throws {
    var position = 0
    func varint() throws -> UInt64 {
      var value: UInt64 = 0
      var shift: UInt64 = 0
      while position < bytes.count, shift < 64 {
        let byte = bytes[position]
        position += 1
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      throw Malformed()
    }
    while position < bytes.count {
      let key = try varint()
      switch key & 7 {
      case 0: fields[key >> 3, default: []].append([UInt8(truncatingIfNeeded: try varint())])
      case 1: position += 8
      case 2:
        guard let length = Int(exactly: try varint()), length <= bytes.count - position else {
          throw Malformed()
        }
        fields[key >> 3, default: []].append(Bytes(bytes[position..<position + length]))
        position += length
      default: throw Malformed()
      }
    }
    if position != bytes.count { throw Malformed() }
  }

  func text(_ field: UInt64) -> String? { fields[field]?.first.map { String(decoding: $0, as: UTF8.self) } }
  func texts(_ field: UInt64) -> [String] {
    (fields[field] ?? []).map { String(decoding: $0, as: UTF8.self) }
  }
  func message(_ field: UInt64) throws -> ProtobufFields? {
    try fields[field]?.first.map { try ProtobufFields($0) }
  }
  func messages(_ field: UInt64) throws -> [ProtobufFields] {
    try (fields[field] ?? []).map { try ProtobufFields($0) }
  }
}
