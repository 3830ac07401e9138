import Basics
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// What secrets and ServiceAccounts give the program that fetches a model.
@Suite struct StorageCredentialsTests {
  private func secret(
    _ name: String, _ data: [String: String], annotations: [String: String] = [:]
  ) -> KubeObject {
    var secret = KubeObject(.secrets, namespace: "team", name: name)
    let encoded = data.mapValues { Base64.encode(Bytes($0.utf8)) }
    secret.json["data"] = KubeObject.stringMapJSON(encoded)
    secret.annotations = annotations
    return secret
  }

  private func account(_ secrets: [String], annotations: [String: String] = [:]) -> KubeObject {
    var account = KubeObject(.serviceAccounts, namespace: "team", name: "default")
    account.json["secrets"] = .array(secrets.map { ["name": .string($0)] })
    account.annotations = annotations
    return account
  }

  private func inject(
    secrets: [KubeObject], account: KubeObject?, annotations: [String: String] = [:],
    names: InferenceServiceConfig.Credentials = .init()
  ) throws -> (container: JSONValue, volumes: [JSONValue]) {
    var service = KubeObject(.inferenceServices, namespace: "team", name: "iris")
    service.annotations = annotations
    service.spec = ["predictor": ["model": ["modelFormat": ["name": "sklearn"]]]]
    let credentials = StorageCredentials(
      secret: { namespace, name in secrets.first { $0.name == name && $0.namespace == namespace } },
      serviceAccount: { namespace, name in account.flatMap { $0.name == name ? $0 : nil } },
      names: { names })
    var container: JSONValue = ["name": "storage-initializer"]
    var volumes: [JSONValue] = []
    credentials.inject(
      into: &container, volumes: &volumes, uris: [try StorageURI("s3://b/p")],
      service: InferenceService(service))
    return (container, volumes)
  }

  private func values(_ container: JSONValue) -> [String: String] {
    var values: [String: String] = [:]
    for entry in container["env"]?.array ?? [] {
      let reference = entry.at("valueFrom", "secretKeyRef")
      values[entry["name"]?.string ?? ""] =
        entry["value"]?.string
        ?? "\(reference?["name"]?.string ?? "?")/\(reference?["key"]?.string ?? "?")"
    }
    return values
  }

  @Test func keysOfS3StayInTheSecretAndItsAnnotationsBecomeVariables() throws {
    let keys = secret(
      "s3", ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"],
      annotations: [
        "serving.kserve.io/s3-endpoint": "minio:9000", "serving.kserve.io/s3-usehttps": "0",
        "serving.kserve.io/s3-region": "r",
      ])
    let (container, volumes) = try inject(secrets: [keys], account: account(["s3"]))
    #expect(
      values(container) == [
        "AWS_ACCESS_KEY_ID": "s3/AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY": "s3/AWS_SECRET_ACCESS_KEY",
        "S3_USE_HTTPS": "0", "S3_ENDPOINT": "minio:9000", "AWS_ENDPOINT_URL": "http://minio:9000",
        "AWS_DEFAULT_REGION": "r",
      ])
    #expect(volumes.isEmpty)
  }

  @Test func theConfigurationNamesTheMembersAndGivesWhatTheSecretLacks() throws {
    var names = InferenceServiceConfig.Credentials()
    names.s3.accessKeyName = "id"
    names.s3.secretKeyName = "key"
    names.s3.endpoint = "https://store"
    let (container, _) = try inject(
      secrets: [secret("s3", ["id": "a", "key": "b", "S3_USE_HTTPS": "1"])], account: account(["s3"]),
      names: names)
    #expect(
      values(container) == [
        "AWS_ACCESS_KEY_ID": "s3/id", "AWS_SECRET_ACCESS_KEY": "s3/key", "S3_USE_HTTPS": "1",
        "S3_ENDPOINT": "store", "AWS_ENDPOINT_URL": "https://store",
      ])
  }

  @Test func aGoogleKeyFileIsMounted() throws {
    let (container, volumes) = try inject(
      secrets: [secret("gcs", ["gcloud-application-credentials.json": "{}"])], account: account(["gcs"]))
    #expect(
      values(container) == [
        "GOOGLE_APPLICATION_CREDENTIALS": "/var/secrets/gcloud-application-credentials.json"
      ])
    #expect(volumes == [["name": "user-gcp-sa", "secret": ["secretName": "gcs"]]])
    #expect(
      container["volumeMounts"]
        == [["name": "user-gcp-sa", "mountPath": "/var/secrets/", "readOnly": true]])
  }

  @Test(arguments: [
    (["AZ_CLIENT_ID": "x", "AZ_TENANT_ID": "y"], ["AZ_CLIENT_ID", "AZ_TENANT_ID"]),
    (["AZURE_STORAGE_ACCESS_KEY": "x"], ["AZURE_STORAGE_ACCESS_KEY"]),
    (["HF_TOKEN": "x", "other": "y"], ["HF_TOKEN"]),
    (["MODELSCOPE_API_TOKEN": "x"], ["MODELSCOPE_API_TOKEN"]),
    (["https-host": "models.example.com", "headers": "{}"], ["models.example.com-headers"]),
    (["password": "x"], []),
  ])
  func otherStoresGetTheirVariables(_ data: [String: String], _ variables: [String]) throws {
    let (container, _) = try inject(secrets: [secret("x", data)], account: account(["x"]))
    #expect(values(container).keys.sorted() == variables.sorted())
  }

  @Test func theAnnotatedSecretGoesBeforeTheAccounts() throws {
    let (container, _) = try inject(
      secrets: [secret("one", ["HF_TOKEN": "1"]), secret("two", ["HF_TOKEN": "2"])],
      account: account(["one"]), annotations: ["serving.kserve.io/storageSecretName": "two"])
    #expect(values(container) == ["HF_TOKEN": "two/HF_TOKEN"])
  }

  @Test func aRoleOfTheAccountBringsTheStoresSettings() throws {
    let (container, _) = try inject(
      secrets: [],
      account: account(
        [],
        annotations: [
          "eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/r", "serving.kserve.io/s3-region": "eu-west-1",
        ]))
    #expect(values(container) == ["AWS_DEFAULT_REGION": "eu-west-1"])
  }

  @Test func whatIsMissingGivesNothing() throws {
    let (container, volumes) = try inject(secrets: [], account: nil)
    #expect(container["env"] == nil)
    #expect(volumes.isEmpty)
    #expect(try inject(secrets: [], account: account(["gone"])).container["env"] == nil)
  }
}
