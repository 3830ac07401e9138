import Testing

@testable import ModelStorage

@Suite struct TrustTests {
  static let rows: [([String: String], String?)] = [
    ([:], nil),
    (["REQUESTS_CA_BUNDLE": "/roots.pem"], "/roots.pem"),
    (["CA_BUNDLE_CONFIGMAP_NAME": "x"], nil),
    (["CA_BUNDLE_CONFIGMAP_NAME": "", "CA_BUNDLE_VOLUME_MOUNT_POINT": "/certs"], nil),
    (["CA_BUNDLE_CONFIGMAP_NAME": "x", "CA_BUNDLE_VOLUME_MOUNT_POINT": "/certs/"], "/certs/cabundle.crt"),
    // The ConfigMap is that of one store, which names another file.
    (
      [
        "CA_BUNDLE_CONFIGMAP_NAME": "x", "CA_BUNDLE_VOLUME_MOUNT_POINT": "/no-such-folder",
        "AWS_CA_BUNDLE": "/no-such-folder/own.pem",
      ], nil
    ),
  ]

  @Test(arguments: rows)
  func variablesNameTheBundle(_ variables: [String: String], _ expected: String?) {
    #expect(Trust(environment: { variables[$0] }).authorities == expected)
  }

  @Test func aMissingBundleIsNamed() throws {
    let failure = #expect(throws: StorageError.self) {
      try Trust(authorities: "/no-such-folder/cabundle.crt").check("https://store/model")
    }
    #expect(failure?.message.contains("failed to find ca bundle file(/no-such-folder/cabundle.crt)") == true)
    try Trust(authorities: "/no-such-folder/cabundle.crt", checksServer: false).check("https://store/model")
    try Trust().check("https://store/model")
  }
}
