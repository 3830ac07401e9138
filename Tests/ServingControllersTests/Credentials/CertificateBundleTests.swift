import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct CertificateBundleTests {
  private func configuration(_ name: String, path: String = "") throws -> InferenceServiceConfig {
    var configuration = embedded
    configuration.storageInitializer.authorityConfigMap = name
    configuration.storageInitializer.authorityMountPath = path
    return configuration
  }

  private struct Store: CredentialInjector {
    var variables: [String: String]
    func inject(
      into container: inout JSONValue, volumes: inout [JSONValue], uris: [StorageURI],
      service: InferenceService
    ) {
      for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
        container.setEnvironment(name, value, overwrite: true)
      }
    }
  }

  /// Configured name and folder, the store's variables → ConfigMap and folder.
  static let rows: [(String, String, [String: String], String?, String)] = [
    ("", "", [:], nil, ""),
    ("roots", "", [:], "global-ca-bundle", "/etc/ssl/custom-certs"),
    ("roots", "/certs", [:], "global-ca-bundle", "/certs"),
    ("", "", ["AWS_CA_BUNDLE_CONFIGMAP": "mine"], "mine", "/etc/ssl/custom-certs"),
    (
      "roots", "/certs", ["AWS_CA_BUNDLE_CONFIGMAP": "mine", "AWS_CA_BUNDLE": "/own/roots.pem"], "mine",
      "/own"
    ),
    ("", "", ["AWS_CA_BUNDLE": "/own/roots.pem"], nil, ""),
  ]

  @Test(arguments: rows)
  func theBundleIsMountedWhereModelsAreFetched(
    _ name: String, _ path: String, _ variables: [String: String], _ configMap: String?, _ folder: String
  ) throws {
    for (spec, list, container) in [
      (#"{"predictor":{"sklearn":{"storageUri":"s3://b/m"}}}"#, "initContainers", "storage-initializer"),
      (#"{"predictor":{"sklearn":{}}}"#, "containers", "agent"),
    ] {
      let pod = try makePod(
        try makeService(spec), configuration: try configuration(name, path: path),
        credentials: Store(variables: variables))
      let found = try #require(pod.spec[list]?.array?.first { $0["name"]?.string == container })
      let volume = pod.spec["volumes"]?.array?.first { $0["name"]?.string == "cabundle-cert" }
      #expect(volume?.at("configMap", "name")?.string == configMap)
      #expect(found.environmentValue("CA_BUNDLE_CONFIGMAP_NAME") == configMap)
      #expect(found.environmentValue("CA_BUNDLE_VOLUME_MOUNT_POINT") == (configMap == nil ? nil : folder))
      let mount = found["volumeMounts"]?.array?.first { $0["name"]?.string == "cabundle-cert" }
      #expect(mount?["mountPath"]?.string == (configMap == nil ? nil : folder))
    }
  }

  @Test func theAgentOfAMultiModelServiceGetsTheAccountsCredentials() throws {
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{}}}"#),
      credentials: Store(variables: ["AWS_ACCESS_KEY_ID": "a"]))
    let containers = pod.spec["containers"]?.array ?? []
    let agent = try #require(containers.first { $0["name"]?.string == "agent" })
    #expect(agent.environmentValue("AWS_ACCESS_KEY_ID") == "a")
    let server = try #require(containers.first { $0["name"]?.string == "kserve-container" })
    #expect(server.environmentValue("AWS_ACCESS_KEY_ID") == nil)
  }

  @Test func theConfiguredBundleIsCopiedToNamespacesWithServices() async throws {
    try await withPlatform { platform in
      var source = KubeObject(.configMaps, namespace: "kserve", name: "roots")
      source["data"] = ["cabundle.crt": "PEM 1", "other": "x"]
      try await platform.client.create(.configMaps, source)
      var configured = try await platform.client.get(
        .configMaps, namespace: "kserve", name: "inferenceservice-config")
      configured["data"] = ["storageInitializer": #"{"caBundleConfigMapName":"roots"}"#]
      try await platform.client.update(.configMaps, configured)
      try await platform.client.create(.inferenceServices, platform.iris())
      let copy = try await platform.waitFor(.configMaps, "global-ca-bundle") { _ in true }
      #expect(copy["data"] == ["cabundle.crt": "PEM 1"])
      #expect(copy.ownerReferences.isEmpty)

      var changed = try await platform.client.get(.configMaps, namespace: "kserve", name: "roots")
      changed["data"] = ["cabundle.crt": "PEM 2"]
      try await platform.client.update(.configMaps, changed)
      _ = try await platform.waitFor(.configMaps, "global-ca-bundle") {
        $0["data"] == ["cabundle.crt": "PEM 2"]
      }
      changed = try await platform.client.get(.configMaps, namespace: "kserve", name: "roots")
      changed["data"] = ["wrong": "x"]
      try await platform.client.update(.configMaps, changed)
      let event = try await platform.waitForEvent("InvalidConfiguration", namespace: "kserve")
      #expect(
        event["message"]?.string?.contains(
          "specified cabundle file cabundle.crt not found in cabundle configmap roots") == true)
    }
  }
}
