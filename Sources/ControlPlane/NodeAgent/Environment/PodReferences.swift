internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// The ConfigMaps and Secrets that a pod names, read before its containers start.
struct PodReferences: Sendable {
  /// Data by key, of each object that exists.
  var configMaps: [String: [String: Bytes]] = [:]
  var secrets: [String: [String: Bytes]] = [:]
  /// Tokens of the pod's ServiceAccount by audience; "" for the API server's own.
  var tokens: [String: Bytes] = [:]

  /// Reads every object that the pod's volumes and environments name. Objects that do not exist are left out:
  /// whether that matters is said where they are used.
  static func read(for pod: PodSpec, client: KubeClient) async throws -> PodReferences {
    var references = PodReferences()
    let namespace = pod.object.namespace
    for name in names(of: pod, members: ["configMap", "configMapRef", "configMapKeyRef"]) {
      guard let object = try await client.find(.configMaps, namespace: namespace, name: name) else {
        continue
      }
      references.configMaps[name] = configMapData(object)
    }
    for name in names(of: pod, members: ["secret", "secretRef", "secretKeyRef"]) {
      guard let object = try await client.find(.secrets, namespace: namespace, name: name) else { continue }
      references.secrets[name] = secretData(object)
    }
    for audience in audiences(of: pod) {
      references.tokens[audience] = try await token(of: pod, audience, client)
    }
    return references
  }

  private static func audiences(of pod: PodSpec) -> Set<String> {
    let sources = pod.volumes.flatMap { $0.at("projected", "sources")?.array ?? [] }
    return Set(sources.compactMap { $0["serviceAccountToken"] }.map { $0["audience"]?.string ?? "" })
  }

  /// A year: nothing on this node renews tokens, and this one ends with its pod anyway.
  private static let tokenSeconds = 365 * 86_400

  /// Nil where the account does not exist.
  private static func token(of pod: PodSpec, _ audience: String, _ client: KubeClient) async throws -> Bytes?
  {
    var spec: JSONValue = [
      "expirationSeconds": .int(tokenSeconds),
      "boundObjectRef": [
        "kind": "Pod", "apiVersion": "v1", "name": .string(pod.object.name), "uid": .string(pod.object.uid),
      ],
    ]
    if !audience.isEmpty { spec["audiences"] = [.string(audience)] }
    do {
      let answer = try await client.create(
        .serviceAccounts, namespace: pod.object.namespace, name: pod.serviceAccountName, subresource: "token",
        ["spec": spec])
      return answer.at("status", "token")?.string.map { Bytes($0.utf8) }
    } catch let error as KubeError where error.reason == .notFound {
      return nil
    }
  }

  static func configMapData(_ object: KubeObject) -> [String: Bytes] {
    var data = KubeObject.stringMap(object["data"]).mapValues { Bytes($0.utf8) }
    for (key, text) in KubeObject.stringMap(object["binaryData"]) { data[key] = Base64.decodeLines(text) }
    return data
  }

  static func secretData(_ object: KubeObject) -> [String: Bytes] {
    KubeObject.stringMap(object["data"]).compactMapValues { Base64.decodeLines($0) }
  }

  /// Names under `configMap.name`, `configMapRef.name`, … anywhere in volumes and environments.
  static func names(of pod: PodSpec, members: Set<String>) -> [String] {
    var found: Set<String> = []
    func search(_ value: JSONValue) {
      for element in value.array ?? [] { search(element) }
      for member in value.object?.members ?? [] {
        if members.contains(member.key),
          let name = member.value["name"]?.string ?? member.value["secretName"]?.string, !name.isEmpty
        {
          found.insert(name)
        }
        search(member.value)
      }
    }
    for volume in pod.volumes { search(volume) }
    for container in pod.allContainers {
      if let environment = container.json["env"] { search(environment) }
      if let sources = container.json["envFrom"] { search(sources) }
    }
    return found.sorted()
  }
}
