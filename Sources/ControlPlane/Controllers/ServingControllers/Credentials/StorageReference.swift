internal import Basics
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What `model.storage` comes to: an address, and what the program that fetches from it is given.
public struct StorageReference: Sendable {
  var uri: StorageURI
  var grant: CredentialGrant

  private static let supportedTypes: [String] = ["s3", "hdfs", "webhdfs"]
  private static let defaultKey = "default"
  private static let field = "spec.predictor.model.storage"

  /// From the entry of the storage secret that `storage` names, else from `default_<type>` or `default` where
  /// the secret has one; `storage.parameters` go before the entry.
  /// - Parameters:
  ///   - address: the model's `storageUri`, where it has one: then the entry gives credentials alone.
  ///   - secret: nil where there is none of that name.
  init(
    _ storage: StorageSpec, address: String?, secretName: String, secret: KubeObject?
  ) throws(ServingFailure) {
    let key = storage.key ?? storage.type.map { "\(Self.defaultKey)_\($0)" } ?? Self.defaultKey
    let entry = try Self.entry(key, isRequired: storage.key != nil, secretName, secret)
    var grant = CredentialGrant()
    if let entry {
      if let authority = Self.text(entry["cabundle_configmap"]) {
        grant.variables.append(CredentialGrant.variable(CertificateBundle.storeConfigMap, authority))
      }
      grant.variables.append(CredentialGrant.variable("STORAGE_CONFIG", secret: secretName, key: key))
    }
    if !storage.parameters.isEmpty {
      var parameters: JSONValue = [:]
      for member in storage.parameters.sorted(by: { $0.key < $1.key }) {
        parameters[member.key] = .string(member.value)
      }
      grant.variables.append(CredentialGrant.variable("STORAGE_OVERRIDE_CONFIG", parameters.encodedText))
    }
    self.grant = grant
    let text = try Self.address(
      storage, written: address, type: storage.type ?? entry.flatMap { Self.text($0["type"]) },
      bucket: storage.parameter("bucket") ?? entry.flatMap { Self.text($0["bucket"]) }, key: key, secretName)
    do throws(StorageURI.Failure) {
      uri = try StorageURI(text)
    } catch {
      throw .invalid(.badSource, value: text, error.description, fix: "")
    }
  }

  /// Without any knowledge of secrets, as a forecast has it: what only a secret can tell has a placeholder.
  init(unresolved storage: StorageSpec, address: String?) throws(ServingFailure) {
    let bucket = storage.parameter("bucket") ?? "<bucket>"
    let path = Self.trimmed(storage.path ?? "")
    grant = CredentialGrant()
    let text = address ?? "\(storage.type ?? "s3")://\(bucket)/\(path)"
    do throws(StorageURI.Failure) {
      uri = try StorageURI(text)
    } catch {
      throw .invalid(.badSource, value: text, error.description, fix: "")
    }
  }

  // MARK: the secret's entry

  /// An entry that only a default names need not be there.
  private static func entry(
    _ key: String, isRequired: Bool, _ secretName: String, _ secret: KubeObject?
  ) throws(ServingFailure) -> JSONValue? {
    guard let secret else {
      guard isRequired else { return nil }
      throw .invalid(
        .secretMissing, value: secretName,
        "can't read storage secret \(secretName): it does not exist, and \(field).key names its entry "
          + "\"\(key)\"",
        fix: "create the Secret in the service's namespace, or name another one by the annotation "
          + ServingAnnotation.storageSecretName)
    }
    guard let text = SecretForm.text(key, in: secret) else {
      guard isRequired else { return nil }
      throw .invalid(
        .secretKeyMissing, value: key,
        "specified storage key \(key) not found in storage secret \(secretName)",
        fix: "add the entry to the Secret, or correct \(field).key")
    }
    guard let entry = try? JSONValue(parsing: Bytes(text.utf8)), entry.object != nil else {
      throw .invalid(
        .secretKeyMissing, value: key,
        "invalid json encountered in key \(key) of storage secret \(secretName)",
        fix: "write a JSON object with type, bucket and the like there")
    }
    return entry
  }

  // MARK: the address

  private static func address(
    _ storage: StorageSpec, written: String?, type: String?, bucket: String?, key: String,
    _ secretName: String
  ) throws(ServingFailure) -> String {
    if let written { return written }
    guard let type else {
      throw .invalid(
        value: field,
        "unable to determine storage type: neither \(field).parameters names one, nor does the entry "
          + "\"\(key)\" of the storage secret \(secretName)",
        fix: "set \(field).parameters.type, or add the entry")
    }
    guard supportedTypes.contains(type) else {
      throw .invalid(
        .unsupportedScheme, value: type,
        "storage type must be one of [\(supportedTypes.joined(separator: ", "))]. "
          + "storage type [\(type)] is not supported", fix: "use storageUri for other stores")
    }
    guard let path = storage.path else {
      throw .invalid(
        value: "\(field).path", "\(field) names no path, and there is no storageUri",
        fix: "set \(field).path")
    }
    guard type == "s3" else { return "\(type)://\(trimmed(path))" }
    guard let bucket, !bucket.isEmpty else {
      throw .invalid(
        value: "\(field).parameters.bucket",
        "format [\(type)] requires a bucket but one wasn't found in storage data or parameters",
        fix: "set \(field).parameters.bucket, or bucket in the entry \"\(key)\" of the Secret \(secretName)")
    }
    return "\(type)://\(bucket)/\(trimmed(path))"
  }

  private static func text(_ value: JSONValue?) -> String? {
    value?.string.flatMap { $0.isEmpty ? nil : $0 }
  }

  private static func trimmed(_ path: String) -> String { String(path.drop { $0 == "/" }) }
}

extension StorageReference {
  /// The finding behind a condition's sentence, where it is one of the above: code and value are not in the
  /// status.
  static func finding(_ sentence: String) -> FailureCause? {
    if let name = QuotedName.wordAfter("can't read storage secret", in: sentence) {
      return FailureCause(.secretMissing, value: name, sentence, fix: "")
    }
    let key =
      QuotedName.wordAfter("specified storage key", in: sentence)
      ?? QuotedName.wordAfter("invalid json encountered in key", in: sentence)
    return key.map { FailureCause(.secretKeyMissing, value: $0, sentence, fix: "") }
  }
}
