import Basics
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// `model.storage`: a row each of what a spec and a secret come to.
@Suite struct StorageReferenceTests {
  static let entry = #"{"type":"s3","bucket":"b","access_key_id":"a","secret_access_key":"s"}"#

  private func credentials(_ secrets: [KubeObject]) -> StorageCredentials {
    StorageCredentials(
      secret: { namespace, name in secrets.first { $0.name == name && $0.namespace == namespace } },
      serviceAccount: { _, _ in
        var account = KubeObject(.serviceAccounts, namespace: "team", name: "default")
        account.json["secrets"] = [["name": "keys"]]
        return account
      },
      names: { InferenceServiceConfig.Credentials() })
  }

  private func secret(_ entries: [String: String], name: String = "storage-config") -> KubeObject {
    var secret = KubeObject(.secrets, namespace: "team", name: name)
    secret.json["data"] = KubeObject.stringMapJSON(
      entries.mapValues { Base64.encode(Bytes($0.utf8)) })
    return secret
  }

  private func initializer(
    _ model: String, _ secrets: [KubeObject], annotations: [String: String] = [:]
  ) throws -> JSONValue {
    let pod = try makePod(
      try makeService("{\"predictor\":{\"sklearn\":\(model)}}", annotations: annotations),
      credentials: credentials(secrets))
    return try #require(pod.spec["initContainers"]?[0])
  }

  private func variables(_ container: JSONValue) -> [String: String] {
    var found: [String: String] = [:]
    for entry in container["env"]?.array ?? [] {
      let name = entry["name"]?.string ?? ""
      guard !name.hasPrefix("HF_") else { continue }
      let reference = entry.at("valueFrom", "secretKeyRef")
      found[name] =
        entry["value"]?.string
        ?? "\(reference?["name"]?.string ?? "?")/\(reference?["key"]?.string ?? "?")"
    }
    return found
  }

  /// Spec, entries of the secret → the source, and the variables.
  static let rows: [(String, [String: String], String, [String: String])] = [
    (
      #"{"storage":{"key":"mine","path":"iris/v1"}}"#, ["mine": entry], "s3://b/iris/v1",
      ["STORAGE_CONFIG": "storage-config/mine"]
    ),
    (
      #"{"storage":{"path":"/iris"}}"#, ["default": entry], "s3://b/iris",
      ["STORAGE_CONFIG": "storage-config/default"]
    ),
    // The type chooses among the defaults.
    (
      #"{"storage":{"path":"iris","parameters":{"type":"s3"}}}"#, ["default_s3": entry, "default": "{}"],
      "s3://b/iris",
      ["STORAGE_CONFIG": "storage-config/default_s3", "STORAGE_OVERRIDE_CONFIG": #"{"type":"s3"}"#]
    ),
    // Parameters go before the entry; no default need be there.
    (
      #"{"storage":{"path":"iris","parameters":{"type":"s3","bucket":"other"}}}"#, [:],
      "s3://other/iris", ["STORAGE_OVERRIDE_CONFIG": #"{"bucket":"other","type":"s3"}"#]
    ),
    (
      #"{"storage":{"key":"mine","path":"iris","parameters":{"bucket":"other"}}}"#, ["mine": entry],
      "s3://other/iris",
      ["STORAGE_CONFIG": "storage-config/mine", "STORAGE_OVERRIDE_CONFIG": #"{"bucket":"other"}"#]
    ),
    (
      #"{"storage":{"key":"files","path":"/models/iris"}}"#, ["files": #"{"type":"hdfs"}"#],
      "hdfs://models/iris", ["STORAGE_CONFIG": "storage-config/files"]
    ),
    // With an address the entry gives credentials alone.
    (
      #"{"storageUri":"s3://here/iris","storage":{"key":"mine"}}"#, ["mine": entry], "s3://here/iris",
      ["STORAGE_CONFIG": "storage-config/mine"]
    ),
    (
      #"{"storage":{"key":"mine","path":"iris"}}"#,
      ["mine": #"{"type":"s3","bucket":"b","cabundle_configmap":"roots"}"#], "s3://b/iris",
      [
        "STORAGE_CONFIG": "storage-config/mine", "AWS_CA_BUNDLE_CONFIGMAP": "roots",
        "CA_BUNDLE_CONFIGMAP_NAME": "roots", "CA_BUNDLE_VOLUME_MOUNT_POINT": "/etc/ssl/custom-certs",
      ]
    ),
  ]

  @Test(arguments: rows)
  func theEntryGivesAddressAndCredentials(
    _ model: String, _ entries: [String: String], _ source: String, _ expected: [String: String]
  ) throws {
    let container = try initializer(model, [secret(entries)])
    #expect(container["args"] == [.string(source), "/mnt/models"])
    #expect(variables(container) == expected)
  }

  @Test func theAnnotationNamesAnotherSecret() throws {
    let container = try initializer(
      #"{"storage":{"key":"k","path":"iris"}}"#, [secret(["k": Self.entry], name: "mine")],
      annotations: ["serving.kserve.io/storageSecretName": "mine"])
    #expect(variables(container) == ["STORAGE_CONFIG": "mine/k"])
  }

  @Test func theAccountsSecretsAreNotAddedToTheEntrys() throws {
    let keys = secret(["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"], name: "keys")
    let both = try initializer(
      #"{"storage":{"key":"k","path":"iris"}}"#, [secret(["k": Self.entry]), keys])
    #expect(variables(both).keys.sorted() == ["STORAGE_CONFIG"])
    // A schema alone says nothing about the place.
    let schema = try initializer(#"{"storageUri":"s3://b/iris","storage":{"schemaPath":"s"}}"#, [keys])
    #expect(variables(schema)["AWS_ACCESS_KEY_ID"] == "keys/AWS_ACCESS_KEY_ID")
  }

  /// Spec, entries (nil: no secret) → code, value, words.
  static let failures: [(String, [String: String]?, FailureCode, String, String)] = [
    (
      #"{"key":"k","path":"p"}"#, nil, .secretMissing, "storage-config",
      "can't read storage secret storage-config"
    ),
    (
      #"{"key":"k","path":"p"}"#, ["other": entry], .secretKeyMissing, "k",
      "specified storage key k not found in storage secret storage-config"
    ),
    (
      #"{"key":"k","path":"p"}"#, ["k": "not json"], .secretKeyMissing, "k",
      "invalid json encountered in key k of storage secret storage-config"
    ),
    (
      #"{"path":"p"}"#, ["k": entry], .invalidSpec, "spec.predictor.model.storage",
      "unable to determine storage type"
    ),
    (
      #"{"path":"p"}"#, nil, .invalidSpec, "spec.predictor.model.storage",
      "unable to determine storage type"
    ),
    (
      #"{"path":"p","parameters":{"type":"s3"}}"#, ["default_s3": #"{"type":"s3"}"#], .invalidSpec,
      "spec.predictor.model.storage.parameters.bucket",
      "format [s3] requires a bucket but one wasn't found in storage data or parameters"
    ),
    (
      #"{"key":"k","path":"p"}"#, ["k": #"{"type":"ftp"}"#], .unsupportedScheme, "ftp",
      "storage type must be one of [s3, hdfs, webhdfs]"
    ),
    (
      #"{"key":"k"}"#, ["k": entry], .invalidSpec, "spec.predictor.model.storage.path", "names no path"
    ),
  ]

  @Test(arguments: failures)
  func whatIsMissingIsNamed(
    _ storage: String, _ entries: [String: String]?, _ code: FailureCode, _ value: String, _ words: String
  ) throws {
    let failure = #expect(throws: ServingFailure.self) {
      _ = try initializer("{\"storage\":\(storage)}", entries.map { [secret($0)] } ?? [])
    }
    #expect(failure?.cause.code == code)
    #expect(failure?.cause.value == value)
    #expect(failure?.explanation.contains(words) == true, "\(failure?.explanation ?? "")")
    #expect(failure?.cause.fix.isEmpty == false)
    guard code == .secretMissing || code == .secretKeyMissing else { return }
    // The sentence alone is what an explanation has.
    let found = StorageReference.finding(failure?.explanation ?? "")
    #expect(found?.code == code && found?.value == value)
  }

  @Test func aForecastKnowsNoSecrets() throws {
    let pod = try makePod(try makeService(#"{"predictor":{"sklearn":{"storage":{"key":"k","path":"p"}}}}"#))
    #expect(pod.spec["initContainers"]?[0]?["args"]?[0]?.string == "s3://<bucket>/p")
  }
}
