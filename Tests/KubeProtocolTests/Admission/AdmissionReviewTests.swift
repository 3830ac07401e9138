internal import Basics
internal import Formats
internal import KubeProtocol
internal import TestSupport
internal import Testing

@Suite struct AdmissionReviewTests {
  private func review(_ request: String, version: String = "v1") throws -> AdmissionReview {
    try AdmissionReview(
      json(#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/\#(version)","request":\#(request)}"#))
  }

  private static let creation = #"{"uid":"u1","operation":"CREATE","object":{"kind":"A","spec":{"a/b":[1]}}}"#

  @Test(arguments: ["v1", "v1beta1"])
  func `an unchanged object is allowed without a patch, in the version of the question`(version: String)
    throws
  {
    let review = try review(Self.creation, version: version)
    #expect(
      review.allowing(review.object)
        == (try json(
          #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/\#(version)","response":"#
            + #"{"uid":"u1","allowed":true}}"#)))
  }

  @Test func `a changed object comes back as a patch that makes it`() throws {
    let review = try review(Self.creation)
    var changed = try #require(review.object)
    changed.labels = ["x": "y"]
    changed.json.set(nil, at: "spec", "a/b")
    changed.json.set(2, at: "spec", "c~d")
    let answer = review.allowing(changed, warnings: ["mind the gap"])
    let response = try #require(answer["response"])
    #expect(response["patchType"] == "JSONPatch")
    #expect(response["warnings"] == ["mind the gap"])
    let text = try #require(response["patch"]?.string)
    let patch = try JSONValue(parsing: try #require(Base64.decode(text)))
    let object = try #require(review.object)
    #expect(try JSONPatch.apply(patch, to: object.json) == changed.json)
  }

  @Test func `a patch leads from any document to any other`() throws {
    var generator = SeededGenerator(seed: 1902)
    for _ in 0..<500 {
      let old: JSONValue = ["o": generator.value(depth: 4, keys: ["a", "b/c", "d~e"])]
      let new: JSONValue = ["o": generator.value(depth: 4, keys: ["a", "b/c", "d~e"])]
      let review = try AdmissionReview([
        "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
        "request": ["uid": "u", "operation": "UPDATE", "object": old, "oldObject": [:]],
      ])
      guard let text = review.allowing(KubeObject(json: new)).at("response", "patch")?.string else {
        #expect(old == new)
        continue
      }
      let patch = try JSONValue(parsing: try #require(Base64.decode(text)))
      #expect(try JSONPatch.apply(patch, to: old) == new)
    }
  }

  @Test func `a refusal carries the status that the client gets`() throws {
    let answer = try review(Self.creation).denying(KubeError(.forbidden, "not here"))
    #expect(answer.at("response", "allowed") == false)
    #expect(answer.at("response", "status", "code") == 403)
    #expect(answer.at("response", "status", "message") == "not here")
  }

  @Test(arguments: [
    (#"{}"#, "no AdmissionReview"),
    (#"{"kind":"AdmissionReview","apiVersion":"apps/v1"}"#, "no AdmissionReview"),
    (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}"#, "request.uid"),
    (#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":""}}"#, "request.uid"),
    (
      #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"u","operation":"X"}}"#,
      "request.operation"
    ),
    (
      #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","#
        + #""request":{"uid":"u","operation":"CREATE","object":null}}"#, "request.object is missing"
    ),
    (
      #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","#
        + #""request":{"uid":"u","operation":"DELETE","object":{}}}"#, "request.oldObject is missing"
    ),
  ])
  func `what is no review is told by its missing part`(text: String, part: String) throws {
    let error = #expect(throws: KubeError.self) { try AdmissionReview(json(text)) }
    #expect(error?.message.contains(part) == true)
  }

  @Test(arguments: [
    (#"{"kind":"AdmissionReview"}"#, "no ConversionReview"),
    (#"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1"}"#, "request.uid"),
    (
      #"{"kind":"ConversionReview","apiVersion":"apiextensions.k8s.io/v1","request":{"uid":"u"}}"#,
      "request.desiredAPIVersion"
    ),
  ])
  func `what is no conversion is told by its missing part`(text: String, part: String) throws {
    let error = #expect(throws: KubeError.self) { try ConversionReview(json(text)) }
    #expect(error?.message.contains(part) == true)
  }
}
