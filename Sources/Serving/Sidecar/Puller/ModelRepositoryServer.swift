internal import Basics
public import HTTPTransport
internal import HTTPWire
internal import ServingAPI

/// A model server that loads models when it is told to.
public protocol ModelRepositoryServer: Sendable {
  func load(_ name: String) async throws
  /// Also succeeds where the server does not know the model.
  func unload(_ name: String) async throws
}

/// V2's model repository extension over HTTP.
public struct V2RepositoryServer: ModelRepositoryServer {
  /// Why the server did not do it.
  public struct Refusal: Error, Sendable, CustomStringConvertible {
    public let description: String
    /// It knows no model of the name, or cannot read the one that it was given.
    let code: FailureCode
  }

  private let address: ListenAddress
  private let client: HTTPClient

  /// - Parameter address: where the server listens, in the same pod.
  public init(address: ListenAddress, client: HTTPClient) {
    self.address = address
    self.client = client
  }

  public func load(_ name: String) async throws {
    let response = try await post(name, "load")
    guard response.head.status == 200 else { throw refusal(name, "load", response) }
  }

  public func unload(_ name: String) async throws {
    let response = try await post(name, "unload")
    guard [200, 400, 404].contains(response.head.status) else { throw refusal(name, "unload", response) }
  }

  private func post(_ name: String, _ verb: String) async throws -> HTTPClientResponse {
    try await client.send(
      HTTPClientRequest(
        method: "POST", url: "http://localhost/v2/repository/models/\(name)/\(verb)",
        headers: ["content-type": "application/json"], body: Bytes("{}".utf8), timeout: .seconds(600),
        connectTo: address))
  }

  private func refusal(_ name: String, _ verb: String, _ response: HTTPClientResponse) -> Refusal {
    let body = String(decoding: response.body.prefix(512), as: UTF8.self)
    return Refusal(
      description: "the server answers \(response.head.status) to \(verb) of \"\(name)\": \(body)",
      code: response.head.status == 404 ? .modelMissing : .unreadable)
  }
}
