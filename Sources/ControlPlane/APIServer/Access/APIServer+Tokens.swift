internal import Basics
internal import Crypto
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Synchronization

extension APIServer {
  private static let defaultTokenSeconds: Int64 = 3600
  private static let shortestTokenSeconds: Int64 = 600
  private static let longestTokenSeconds: Int64 = 1 << 32

  /// Made at the first use: a key takes a while to generate.
  func serviceAccountTokens() throws -> ServiceAccountTokens {
    if let made = state.withLock({ $0.tokens }) { return made }
    let tokens: ServiceAccountTokens
    do {
      tokens = try ServiceAccountTokens(keyPEM: serviceAccountKeyPEM)
    } catch {
      throw KubeError(.internalError, "tokens of ServiceAccounts cannot be signed: \(error)")
    }
    return state.withLock { state in
      if let made = state.tokens { return made }
      state.tokens = tokens
      return tokens
    }
  }

  /// `POST …/serviceaccounts/<name>/token`.
  func requestToken(_ target: ResourceRequest) async throws -> KubeResponse {
    guard target.request.method == "POST" else { throw Self.methodNotAllowed() }
    let body = try RequestBody(target.request).json
    guard let (account, _) = try await storage.get(target.storageKey) else {
      throw KubeError.notFound(target.resource, target.name)
    }
    let kind = GroupVersionKind(group: "authentication.k8s.io", version: "v1", kind: "TokenRequest")
    let seconds = body.at("spec", "expirationSeconds")?.int ?? Self.defaultTokenSeconds
    if seconds < Self.shortestTokenSeconds || seconds > Self.longestTokenSeconds {
      let rule =
        seconds < Self.shortestTokenSeconds
        ? "may not specify a duration less than 10 minutes"
        : "may not specify a duration larger than 2^32 seconds"
      throw KubeError.invalid(kind, account.name, [.invalid("spec.expirationSeconds", seconds, rule)])
    }
    let pod = try await boundPod(body.at("spec", "boundObjectRef"), target)
    let now = clock.now()
    let asked = (body.at("spec", "audiences")?.array ?? []).compactMap(\.string)
    let claims = ServiceAccountTokens.Claims(
      namespace: account.namespace, name: account.name, uid: account.uid,
      audiences: asked.isEmpty ? [ServiceAccountTokens.issuer] : asked, podName: pod?.name,
      podUID: pod?.uid, expires: now.seconds + seconds)
    let token = try serviceAccountTokens().sign(claims, issued: now.seconds, identifier: random.uuid())
    var answer = KubeObject(json: body.object == nil ? [:] : body)
    answer["apiVersion"] = .string(kind.apiVersion)
    answer["kind"] = .string(kind.kind)
    answer.name = account.name
    answer.namespace = account.namespace
    answer.creationTimestamp = now
    answer.json.set(.array(claims.audiences.map { .string($0) }), at: "spec", "audiences")
    answer.json.set(.int(seconds), at: "spec", "expirationSeconds")
    answer.status = [
      "token": .string(token), "expirationTimestamp": .string(now.adding(.seconds(seconds)).rfc3339),
    ]
    return KubeResponse(status: 201, body: .json(answer.json))
  }

  /// The pod with which the token ends.
  private func boundPod(_ reference: JSONValue?, _ target: ResourceRequest) async throws -> KubeObject? {
    guard let reference, reference.object != nil else { return nil }
    guard reference["kind"] == "Pod" else {
      throw KubeError(
        .badRequest,
        "spec.boundObjectRef: a token can be bound to a Pod, not to"
          + " \(reference["kind"]?.encodedText ?? "nothing")"
      )
    }
    let name = reference["name"]?.string ?? ""
    guard let (pod, _) = try await storage.get("/core/pods/\(target.namespace ?? "")/\(name)") else {
      throw KubeError.notFound(.pods, name)
    }
    if let uid = reference["uid"]?.string, !uid.isEmpty, uid != pod.uid {
      throw KubeError.conflict(
        .pods, name,
        "the UID in the bound object reference (\(uid)) does not match the UID in record (\(pod.uid))")
    }
    return pod
  }

  /// The ServiceAccount that a token stands for; nil where it is none, or the account or the pod is gone.
  func authenticate(token: String) async throws -> KubeUser? {
    guard !token.isEmpty, token.contains("."),
      let claims = try serviceAccountTokens().verify(token, now: clock.now().seconds),
      let (account, _) = try await storage.get("/core/serviceaccounts/\(claims.namespace)/\(claims.name)"),
      account.uid == claims.uid
    else { return nil }
    var extra: [String: [String]] = [:]
    if let podName = claims.podName {
      guard let (pod, _) = try await storage.get("/core/pods/\(claims.namespace)/\(podName)"),
        pod.uid == claims.podUID
      else { return nil }
      extra["authentication.kubernetes.io/pod-name"] = [podName]
      extra["authentication.kubernetes.io/pod-uid"] = [pod.uid]
    }
    return .serviceAccount(namespace: claims.namespace, name: claims.name, uid: claims.uid, extra: extra)
  }
}
