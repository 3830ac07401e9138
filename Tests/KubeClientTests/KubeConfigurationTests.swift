import Linux
import Testing

@testable import KubeClient

@Suite struct KubeConfigurationTests {
  private let file = """
    apiVersion: v1
    kind: Config
    current-context: dev
    clusters:
    - name: local
      cluster: {server: "https://127.0.0.1:6443/", certificate-authority-data: Y2E=}
    - name: skips
      cluster: {server: "https://127.0.0.1:6443", insecure-skip-tls-verify: true}
    - name: odd
      cluster: {server: "ftp://127.0.0.1"}
    users:
    - name: me
      user: {token: secret}
    - name: cert
      user: {client-certificate-data: Y2VydA==, client-key-data: a2V5}
    - name: half
      user: {client-certificate-data: Y2VydA==}
    - name: plugin
      user: {exec: {command: aws}}
    contexts:
    - name: dev
      context: {cluster: local, user: me, namespace: models}
    - name: certs
      context: {cluster: local, user: cert}
    - name: half
      context: {cluster: local, user: half}
    - name: plugin
      context: {cluster: local, user: plugin}
    - name: skips
      context: {cluster: skips, user: me}
    - name: odd
      context: {cluster: odd, user: me}
    - name: lost
      context: {cluster: nowhere, user: me}
    - name: stranger
      context: {cluster: local, user: nobody}
    """

  @Test func readsTheCurrentContext() throws {
    let configuration = try Kubeconfig(text: file, file: "config").configuration(context: nil)
    #expect(configuration.server == "https://127.0.0.1:6443")
    #expect(configuration.authorityPEM == "ca")
    #expect(configuration.token == "secret")
    #expect(configuration.namespace == "models")
  }

  @Test func readsClientCertificates() throws {
    let configuration = try Kubeconfig(text: file, file: "config").configuration(context: "certs")
    #expect(configuration.clientCertificatePEM == "cert")
    #expect(configuration.clientKeyPEM == "key")
    #expect(configuration.namespace == "default")
  }

  @Test(arguments: [
    ("half", "client-certificate and client-key must come together"),
    ("plugin", "exec is not supported; use a token or a client certificate"),
    ("skips", "insecure-skip-tls-verify is not supported"),
    ("odd", "server must be an http(s) URL"),
    ("lost", "unknown cluster \"nowhere\""),
    ("stranger", "unknown user \"nobody\""),
    ("absent", "no context \"absent\""),
  ])
  func saysWhatIsWrong(_ context: String, _ message: String) throws {
    let error = #expect(throws: KubeConfigurationError.self) {
      try Kubeconfig(text: file, file: "config").configuration(context: context)
    }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(arguments: ["", "[]", "{", "a: b: c", "current-context: x"])
  func garbageIsAClearError(_ text: String) {
    #expect(throws: KubeConfigurationError.self) {
      try Kubeconfig(text: text, file: "config").configuration(context: nil)
    }
  }

  @Test func anEarlierFileWinsAndTheRestIsMerged() throws {
    var merged = try Kubeconfig(text: "current-context: certs", file: "first")
    merged.merge(try Kubeconfig(text: file, file: "second"))
    #expect(try merged.configuration(context: nil).clientKeyPEM == "key")
  }

  @Test func aMissingFileIsNamed() {
    let error = #expect(throws: KubeConfigurationError.self) {
      try KubeConfiguration.load(path: "/nonexistent/config")
    }
    #expect(error?.message.contains("/nonexistent/config") == true)
  }
}
