import Testing

@testable import ModelStorage

@Suite struct S3SettingsTests {
  private func settings(_ variables: [String: String]) throws -> S3Settings {
    try S3Settings { variables[$0] }
  }

  @Test func withoutVariablesItIsAWSAndAnonymous() throws {
    let settings = try settings([:])
    #expect(settings.endpoint == nil)
    #expect(settings.key == nil)
    #expect(settings.region == "us-east-1")
    #expect(settings.checksServer)
    #expect(settings.concurrency == 4)
    #expect(settings.attempts == 3)
  }

  @Test func keysEndpointAndRegionComeFromTheVariables() throws {
    let settings = try settings([
      "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token",
      "S3_ENDPOINT": "minio:9000", "S3_USE_HTTPS": "0", "AWS_DEFAULT_REGION": "eu-west-1",
      "S3_VERIFY_SSL": "false", "S3_USER_VIRTUAL_BUCKET": "true", "AWS_CA_BUNDLE": "/ca.pem",
      "S3_MAX_FILE_CONCURRENCY": "9999", "S3_READ_TIMEOUT": "x",
    ])
    #expect(settings.key == .init(identifier: "id", secret: "secret", sessionToken: "token"))
    #expect(settings.endpoint == "http://minio:9000")
    #expect(settings.region == "eu-west-1")
    #expect(!settings.checksServer)
    #expect(settings.usesVirtualBucket == true)
    #expect(settings.authorities == "/ca.pem")
    #expect(settings.concurrency == 64)
    #expect(settings.readTimeoutSeconds == 30)
  }

  @Test func theMountedBundleHoldsUnlessTheStoreNamesItsOwn() throws {
    let mounted = ["CA_BUNDLE_CONFIGMAP_NAME": "roots", "CA_BUNDLE_VOLUME_MOUNT_POINT": "/certs"]
    #expect(try settings(mounted).authorities == "/certs/cabundle.crt")
    #expect(
      try settings(mounted.merging(["AWS_CA_BUNDLE": "/own.pem"]) { $1 }).authorities == "/own.pem")
  }

  @Test func anAddressWithItsSchemeKeepsIt() throws {
    #expect(
      try settings(["S3_ENDPOINT": "http://minio", "S3_USE_HTTPS": "1"]).endpoint == "http://minio")
    #expect(
      try settings(["S3_ENDPOINT": "minio", "AWS_ENDPOINT_URL": "https://other"]).endpoint == "https://other")
  }

  @Test func anonymousAccessForgetsTheKey() throws {
    let settings = try settings([
      "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "awsAnonymousCredential": "True",
    ])
    #expect(settings.key == nil)
  }

  @Test func anEntryOfTheStorageSecretGoesBeforeTheVariables() throws {
    let settings = try settings([
      "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1",
      "STORAGE_CONFIG":
        #"{"type":"s3","access_key_id":"a","secret_access_key":"b","endpoint_url":"http://m:1","region":"r","verify_ssl":"0"}"#,
      "STORAGE_OVERRIDE_CONFIG": #"{"region":"q","anonymous":false}"#,
    ])
    #expect(settings.key == .init(identifier: "a", secret: "b", sessionToken: nil))
    #expect(settings.endpoint == "http://m:1")
    #expect(settings.region == "q")
    #expect(!settings.checksServer)
  }

  @Test(arguments: ["{", "[]", "null", "\"s3\""])
  func anEntryThatIsNoObjectIsNamed(_ entry: String) {
    let error = #expect(throws: StorageError.self) { try settings(["STORAGE_CONFIG": entry]) }
    #expect(error?.code == .badSource)
    #expect(error?.message.contains("STORAGE_CONFIG") == true)
  }
}
