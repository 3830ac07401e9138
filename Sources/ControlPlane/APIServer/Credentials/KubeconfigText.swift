internal import Basics
internal import Crypto
internal import Formats

/// A kubeconfig for the embedded API server.
public enum KubeconfigText {
  /// One cluster, one user, one context, all named `apus`; CA and token are in the text itself.
  /// - Parameters:
  ///   - server: `https://127.0.0.1:6443`.
  ///   - authorityPEM: the CA's certificate.
  public static func make(server: String, authorityPEM: String, token: String) -> String {
    let configuration: JSONValue = [
      "apiVersion": "v1", "kind": "Config",
      "clusters": [
        [
          "name": "apus",
          "cluster": [
            "server": .string(server),
            "certificate-authority-data": .string(Base64.encode(Bytes(authorityPEM.utf8))),
          ],
        ]
      ],
      "users": [["name": "apus", "user": ["token": .string(token)]]],
      "contexts": [
        ["name": "apus", "context": ["cluster": "apus", "user": "apus", "namespace": "default"]]
      ],
      "current-context": "apus", "preferences": [:],
    ]
    return YAML.text(configuration)
  }
}
