import Basics
import Testing

@testable import ModelStorage

/// The examples of AWS' documentation of Signature Version 4 for S3.
@Suite struct AWSSignatureTests {
  private let key = AWSSignature.Key(
    identifier: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: nil)
  private let now = Timestamp(seconds: 1_369_353_600)

  private func authorization(_ query: [(name: String, value: String)]) -> String? {
    AWSSignature(key: key, region: "us-east-1")
      .headers(host: "examplebucket.s3.amazonaws.com", path: "/", query: query, at: now)
      .first { $0.name == "Authorization" }?.value
  }

  @Test func aListingIsSignedAsDocumented() {
    #expect(
      authorization([("prefix", "J"), ("max-keys", "2")])
        == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        + "SignedHeaders=host;x-amz-content-sha256;x-amz-date, "
        + "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  }

  @Test func aParameterWithoutValueIsSignedAsDocumented() {
    #expect(
      authorization([("lifecycle", "")])?.hasSuffix(
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543") == true)
  }

  @Test func aSessionTokenIsSentAndSigned() {
    var temporary = key
    temporary.sessionToken = "token"
    let headers = AWSSignature(key: temporary, region: "us-east-1")
      .headers(host: "h", path: "/", query: [], at: now)
    #expect(headers.contains { $0.name == "x-amz-security-token" && $0.value == "token" })
    #expect(
      headers.last?.value.contains(
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token") == true)
  }

  @Test func queriesAreSortedByTheirEncodedForm() {
    #expect(AWSSignature.canonicalQuery([("b", "1"), ("a b", "é"), ("a", "/")]) == "a=%2F&a%20b=%C3%A9&b=1")
  }
}
