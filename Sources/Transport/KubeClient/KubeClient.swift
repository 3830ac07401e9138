public import Formats
public import KubeProtocol

/// The verbs of the Kubernetes API over any transport. Every failure of the API is thrown as `KubeError`.
public struct KubeClient: Sendable {
  public let transport: any KubeTransport

  public init(_ transport: any KubeTransport) { self.transport = transport }

  public func get(_ resource: KubeResource, namespace: String? = nil, name: String) async throws -> KubeObject
  {
    try await object(.init(method: "GET", path: resource.path(namespace: namespace, name: name)))
  }

  /// Nil where it does not exist; other failures are thrown.
  public func find(_ resource: KubeResource, namespace: String? = nil, name: String) async throws
    -> KubeObject?
  {
    do {
      return try await get(resource, namespace: namespace, name: name)
    } catch let error as KubeError where error.reason == .notFound {
      return nil
    }
  }

  /// - Parameters:
  ///   - namespace: nil for all namespaces.
  ///   - labelSelector: `app=x,tier in (a,b)`, as in the API.
  public func list(
    _ resource: KubeResource, namespace: String? = nil, labelSelector: String? = nil,
    fieldSelector: String? = nil
  ) async throws -> KubeList {
    let query = selectors(labelSelector, fieldSelector)
    let json = try await json(.init(method: "GET", path: resource.path(namespace: namespace), query: query))
    let items = (json["items"]?.array ?? []).map { item -> KubeObject in
      var object = KubeObject(json: item)
      // Items of a typed list carry neither; code that gets one object by itself relies on both.
      if object["kind"] == nil { object["kind"] = .string(resource.kind) }
      if object["apiVersion"] == nil { object["apiVersion"] = .string(resource.apiVersion) }
      return object
    }
    return KubeList(items: items, resourceVersion: json.at("metadata", "resourceVersion")?.string ?? "")
  }

  @discardableResult
  public func create(_ resource: KubeResource, _ object: KubeObject) async throws -> KubeObject {
    try await self.object(
      .init(method: "POST", path: resource.path(namespace: object.namespace), body: .json(object.json)))
  }

  /// Replaces the object; a `resourceVersion` in it must be the current one.
  /// - Parameter isDryRun: nothing is stored; the answer is what would be.
  @discardableResult
  public func update(
    _ resource: KubeResource, _ object: KubeObject, isDryRun: Bool = false
  ) async throws -> KubeObject {
    try await self.object(
      .init(
        method: "PUT", path: resource.path(namespace: object.namespace, name: object.name),
        query: isDryRun ? [("dryRun", "All")] : [], body: .json(object.json)))
  }

  /// Replaces the status subresource alone.
  @discardableResult
  public func updateStatus(_ resource: KubeResource, _ object: KubeObject) async throws -> KubeObject {
    try await self.object(
      .init(
        method: "PUT",
        path: resource.path(namespace: object.namespace, name: object.name, subresource: "status"),
        body: .json(object.json)))
  }

  @discardableResult
  public func patch(
    _ resource: KubeResource, namespace: String? = nil, name: String, subresource: String? = nil,
    type: PatchType = .merge, _ patch: JSONValue
  ) async throws -> KubeObject {
    try await object(
      .init(
        method: "PATCH", path: resource.path(namespace: namespace, name: name, subresource: subresource),
        body: .json(patch), contentType: type.rawValue))
  }

  /// Sends an object to a subresource: `binding`, `token`, …
  @discardableResult
  public func create(
    _ resource: KubeResource, namespace: String? = nil, name: String, subresource: String, _ body: JSONValue
  ) async throws -> JSONValue {
    try await json(
      .init(
        method: "POST", path: resource.path(namespace: namespace, name: name, subresource: subresource),
        body: .json(body)))
  }

  /// - Parameters:
  ///   - uid: refuses (409) to delete a later object of the same name.
  ///   - propagation: `Background`, `Foreground` or `Orphan`; nil for the kind's default.
  ///   - gracePeriodSeconds: 0 removes a pod's object at once.
  public func delete(
    _ resource: KubeResource, namespace: String? = nil, name: String, uid: String? = nil,
    propagation: String? = nil, gracePeriodSeconds: Int? = nil
  ) async throws {
    var options: JSONValue = ["apiVersion": "v1", "kind": "DeleteOptions"]
    if let uid { options["preconditions"] = ["uid": .string(uid)] }
    if let propagation { options["propagationPolicy"] = .string(propagation) }
    if let gracePeriodSeconds { options["gracePeriodSeconds"] = .int(gracePeriodSeconds) }
    _ = try await json(
      .init(method: "DELETE", path: resource.path(namespace: namespace, name: name), body: .json(options)))
  }

  /// Events after `resourceVersion`, with bookmarks. A revision that is too old throws `KubeError` `expired`.
  public func watch(
    _ resource: KubeResource, namespace: String? = nil, labelSelector: String? = nil,
    fieldSelector: String? = nil,
    resourceVersion: String
  ) async throws -> AsyncThrowingStream<WatchEvent, any Error> {
    var query = selectors(labelSelector, fieldSelector)
    query += [("watch", "true"), ("allowWatchBookmarks", "true"), ("resourceVersion", resourceVersion)]
    let path = resource.path(namespace: namespace)
    let response = try await transport.send(.init(method: "GET", path: path, query: query))
    if case .watch(let events) = response.body, response.status == 200 { return events }
    throw Self.failure(response, path)
  }

  // MARK: plumbing

  private func selectors(_ label: String?, _ field: String?) -> [(name: String, value: String)] {
    var query: [(name: String, value: String)] = []
    if let label { query.append(("labelSelector", label)) }
    if let field { query.append(("fieldSelector", field)) }
    return query
  }

  private func object(_ request: KubeRequest) async throws -> KubeObject {
    KubeObject(json: try await json(request))
  }

  /// Sends the request and returns its JSON answer.
  public func json(_ request: KubeRequest) async throws -> JSONValue {
    let response = try await transport.send(request)
    if case .json(let value) = response.body, (200..<300).contains(response.status) { return value }
    throw Self.failure(response, request.path)
  }

  private static func failure(_ response: KubeResponse, _ path: String) -> KubeError {
    if case .json(let value) = response.body {
      return KubeError(statusJSON: value, httpStatus: response.status)
    }
    // Kubernetes answers so where it knows no such kind.
    if response.status == 404 { return KubeError(.notFound, "the API server does not serve \(path)") }
    var error = KubeError(
      .unknown, "the API server answered \(response.status) with something that is no Status")
    error.code = response.status
    return error
  }
}
