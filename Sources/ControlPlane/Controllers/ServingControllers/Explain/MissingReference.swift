internal import ServingAPI

/// What a pod names that is not there, in the words of kubelets and of this node.
enum MissingReference {
  /// Nil where the message tells of nothing that is missing.
  /// - Parameter cache: of the pod's model, whose claim it may be.
  static func cause(
    _ message: String, namespace: String, cache: LocalModelMatch? = nil
  ) -> FailureCause? {
    claim(message, namespace, cache) ?? key(message) ?? object(message, namespace)
  }

  private static func claim(
    _ message: String, _ namespace: String, _ cache: LocalModelMatch?
  ) -> FailureCause? {
    guard QuotedName.find("not found", in: message) != nil,
      let name = QuotedName.after("persistentvolumeclaim", in: message)
    else { return nil }
    if let cache, cache.claim == name {
      let kind = cache.namespace.isEmpty ? "LocalModelCache" : "LocalModelNamespaceCache"
      return FailureCause(
        .claimMissing, value: name,
        "the PersistentVolumeClaim \"\(name)\" with the copies of \(kind) \"\(cache.cache)\" does not exist "
          + "in namespace \(namespace)",
        fix: "let whoever fills the cache make it, or put the annotation "
          + "\(ServingAnnotation.disableLocalModel) on the service, so that it fetches its model itself")
    }
    return FailureCause(
      .claimMissing, value: name,
      "the PersistentVolumeClaim \"\(name)\" does not exist in namespace \(namespace)",
      fix: "create it, or correct the claim's name; `apus up` offers folders of this machine as claims "
        + "(`--samples DIR`, or `claims` in its config.yaml)")
  }

  /// `key "k" not found in secret "s"`, `couldn't find key k in Secret ns/s`, `references non-existent secret
  /// key: k`.
  private static func key(_ message: String) -> FailureCause? {
    let isSecret =
      QuotedName.find("in secret", in: message) != nil
      || QuotedName.find("secret key", in: message) != nil
    let isConfigMap =
      QuotedName.find("in configmap", in: message) != nil
      || QuotedName.find("config key", in: message) != nil
    guard isSecret || isConfigMap else { return nil }
    let found =
      QuotedName.after("key", in: message) ?? QuotedName.wordAfter("find key", in: message)
      ?? QuotedName.wordAfter("non-existent secret key:", in: message)
      ?? QuotedName.wordAfter("non-existent config key:", in: message)
    guard let key = found else { return nil }
    let kind = isSecret ? "Secret" : "ConfigMap"
    let words = isSecret ? "in secret" : "in configmap"
    let path = QuotedName.after(words, in: message) ?? QuotedName.wordAfter(words, in: message)
    let name = path.map { String($0.split(separator: "/").last ?? "") } ?? ""
    return FailureCause(
      isSecret ? .secretKeyMissing : .configMapKeyMissing, value: key,
      "the \(kind)\(name.isEmpty ? "" : " \"\(name)\"") has no key \"\(key)\"",
      details: name.isEmpty ? [:] : [isSecret ? "secret" : "configMap": name])
  }

  private static func object(_ message: String, _ namespace: String) -> FailureCause? {
    guard QuotedName.find("not found", in: message) != nil else { return nil }
    if let name = QuotedName.after("secret", in: message) {
      return FailureCause(
        .secretMissing, value: name, "the Secret \"\(name)\" does not exist in namespace \(namespace)")
    }
    if let name = QuotedName.after("configmap", in: message) {
      return FailureCause(
        .configMapMissing, value: name, "the ConfigMap \"\(name)\" does not exist in namespace \(namespace)")
    }
    return nil
  }
}
