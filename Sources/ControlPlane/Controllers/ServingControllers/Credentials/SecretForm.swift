internal import Basics
internal import Formats
internal import KubeProtocol
internal import ServingAPI

/// What a secret is for, told by its members' names; the first form that fits holds.
struct SecretForm {
  private let secret: KubeObject
  private let names: InferenceServiceConfig.Credentials
  /// Members with their decoded text; what is no UTF-8 text is empty.
  private let data: [String: String]

  init(_ secret: KubeObject, _ names: InferenceServiceConfig.Credentials) {
    self.secret = secret
    self.names = names
    var data = KubeObject.stringMap(secret["data"]).mapValues(Self.decoded)
    for (key, text) in KubeObject.stringMap(secret["stringData"]) { data[key] = text }
    self.data = data
  }

  private static func decoded(_ encoded: String) -> String {
    Base64.decodeLines(encoded).flatMap { String(validating: $0, as: UTF8.self) } ?? ""
  }

  /// A member as text; nil where the secret has none of that name.
  static func text(_ key: String, in secret: KubeObject) -> String? {
    secret["stringData"]?[key]?.string ?? (secret["data"]?[key]?.string).map(decoded)
  }

  private static let filesPath = "/var/secrets/"
  private static let azureKeys: [String] = [
    "AZ_SUBSCRIPTION_ID", "AZ_TENANT_ID", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET", "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_ACCESS_TOKEN",
    "AZURE_STORAGE_ACCESS_KEY",
  ]

  /// Empty where the secret is for something else.
  func grant() -> CredentialGrant {
    if data[names.s3.secretKeyName] != nil { return s3 }
    if data[names.gcsFileName] != nil { return googleFile }
    for key in ["AZ_CLIENT_ID", "AZURE_CLIENT_ID", "AZURE_ACCESS_TOKEN", "AZURE_STORAGE_ACCESS_KEY"]
    where data[key] != nil {
      return CredentialGrant(variables: references(Self.azureKeys))
    }
    if let host = data["https-host"] {
      return CredentialGrant(variables: [
        CredentialGrant.variable("\(host)-headers", secret: secret.name, key: "headers")
      ])
    }
    if data["HDFS_NAMENODE"] != nil { return hdfsFiles }
    if data["HF_TOKEN"] != nil { return CredentialGrant(variables: references(["HF_TOKEN"])) }
    return CredentialGrant(variables: references(["MODELSCOPE_API_TOKEN"]))
  }

  private func references(_ keys: [String]) -> [JSONValue] {
    keys.filter { data[$0] != nil }.map {
      CredentialGrant.variable($0, secret: secret.name, key: $0)
    }
  }

  private var s3: CredentialGrant {
    var variables: [JSONValue] = []
    if data[names.s3.accessKeyName] != nil {
      variables.append(
        CredentialGrant.variable("AWS_ACCESS_KEY_ID", secret: secret.name, key: names.s3.accessKeyName))
    }
    variables.append(
      CredentialGrant.variable("AWS_SECRET_ACCESS_KEY", secret: secret.name, key: names.s3.secretKeyName))
    variables += references(["AWS_SESSION_TOKEN"])
    return CredentialGrant(
      variables: variables + S3Variables(names.s3, annotations: secret.annotations, data: data).json)
  }

  private var googleFile: CredentialGrant {
    files(
      "user-gcp-sa", at: Self.filesPath,
      [
        CredentialGrant.variable(
          "GOOGLE_APPLICATION_CREDENTIALS", "\(Self.filesPath)\(names.gcsFileName)")
      ])
  }

  private var hdfsFiles: CredentialGrant {
    files("hdfs-secrets", at: "\(Self.filesPath)kserve-hdfscreds", [])
  }

  private func files(_ volume: String, at path: String, _ variables: [JSONValue]) -> CredentialGrant {
    CredentialGrant(
      variables: variables,
      volumes: [["name": .string(volume), "secret": ["secretName": .string(secret.name)]]],
      mounts: [["name": .string(volume), "mountPath": .string(path), "readOnly": true]])
  }
}
