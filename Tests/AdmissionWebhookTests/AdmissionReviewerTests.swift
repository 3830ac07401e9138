import Basics
import Formats
import KubeProtocol
import ServingAPI
import ServingControllers
import Testing

@testable import AdmissionWebhook

@Suite struct AdmissionReviewerTests {
  private func reviewer(_ peers: [KubeObject] = []) -> AdmissionReviewer {
    AdmissionReviewer(
      admission: ServingAdmission(configuration: ServingConfiguration(platform: .init())) { resource in
        peers.filter { $0.kind == resource.kind }
      })
  }

  private func review(
    _ operation: String, object: JSONValue? = nil, old: JSONValue? = nil, subresource: String = ""
  ) -> JSONValue {
    [
      "kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
      "request": [
        "uid": "u1", "operation": .string(operation), "subResource": .string(subresource),
        "object": object ?? .null, "oldObject": old ?? .null,
      ],
    ]
  }

  private func service(_ name: String, _ predictor: JSONValue) -> JSONValue {
    [
      "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
      "metadata": ["name": .string(name), "namespace": "team"], "spec": ["predictor": predictor],
    ]
  }

  private static let sklearn: JSONValue = ["sklearn": ["storageUri": "gs://bucket/iris"]]

  @Test func `a framework's field becomes a model, by a patch`() throws {
    let object = service("iris", Self.sklearn)
    let answer = try reviewer().mutate(review("CREATE", object: object))
    let text = try #require(answer.at("response", "patch")?.string)
    let patch = try JSONValue(parsing: try #require(Base64.decode(text)))
    let changed = try JSONPatch.apply(patch, to: object)
    #expect(changed.at("spec", "predictor", "model", "modelFormat", "name") == "sklearn")
    #expect(changed.at("spec", "predictor", "sklearn") == nil)
    // What is filled in already stays as it is.
    let again = try reviewer().mutate(review("UPDATE", object: changed, old: changed))
    #expect(again["response"] == ["uid": "u1", "allowed": true])
  }

  @Test func `a good service is allowed, a bad one refused with upstream's words`() throws {
    let good = try reviewer().validate(review("CREATE", object: service("iris", Self.sklearn)))
    #expect(good.at("response", "allowed") == true)
    let bad = try reviewer().validate(review("CREATE", object: service("Iris", Self.sklearn)))
    #expect(bad.at("response", "allowed") == false)
    #expect(bad.at("response", "status", "message")?.string?.contains("lower case") == true)
    #expect(bad.at("response", "status", "code") == 422)
  }

  @Test func `an update is judged beside what is stored`() throws {
    var old = service("iris", Self.sklearn)
    old["status"] = ["deploymentMode": "Standard"]
    var new = old
    new.set("Knative", at: "metadata", "annotations", "serving.kserve.io/deploymentMode")
    let answer = try reviewer().validate(review("UPDATE", object: new, old: old))
    #expect(
      answer.at("response", "status", "message")?.string?.contains("deploymentMode cannot be changed") == true
    )
  }

  @Test func `fields that are kept and not acted on are warned of`() throws {
    let predictor: JSONValue = [
      "sklearn": ["storageUri": "gs://bucket/iris"], "batcher": ["maxBatchSize": 8, "timeout": 3],
    ]
    let answer = try reviewer().validate(review("CREATE", object: service("iris", predictor)))
    let warnings = (answer.at("response", "warnings")?.array ?? []).compactMap(\.string)
    #expect(warnings.contains { $0.contains("timeout") })
  }

  @Test func `a cache in use is not deleted`() throws {
    let cache: JSONValue = [
      "apiVersion": "serving.kserve.io/v1alpha1", "kind": "LocalModelCache",
      "metadata": ["name": "iris-cache"], "spec": ["sourceModelUri": "gs://bucket/iris"],
      "status": ["inferenceServices": [["name": "iris", "namespace": "team"]]],
    ]
    let user = KubeObject(json: service("iris", Self.sklearn))
    let refused = try reviewer([user]).validate(review("DELETE", old: cache))
    #expect(refused.at("response", "allowed") == false)
    #expect(refused.at("response", "status", "message")?.string?.contains("is being used by") == true)
    let allowed = try reviewer().validate(review("DELETE", old: cache))
    #expect(allowed.at("response", "allowed") == true)
  }

  @Test func `a status is nobody's business here`() throws {
    let bad = review("UPDATE", object: service("Iris", Self.sklearn), old: [:], subresource: "status")
    #expect(try reviewer().validate(bad)["response"] == ["uid": "u1", "allowed": true])
    #expect(try reviewer().mutate(bad)["response"] == ["uid": "u1", "allowed": true])
  }

  @Test func `LLM services turn into their other version, others are refused`() throws {
    func conversion(_ object: JSONValue, to version: String) -> JSONValue {
      [
        "kind": "ConversionReview", "apiVersion": "apiextensions.k8s.io/v1",
        "request": [
          "uid": "u2", "desiredAPIVersion": .string("serving.kserve.io/\(version)"), "objects": [object],
        ],
      ]
    }
    let old: JSONValue = [
      "apiVersion": "serving.kserve.io/v1alpha1", "kind": "LLMInferenceService", "metadata": ["name": "m"],
      "spec": ["model": ["uri": "hf://a/b", "criticality": "Critical"]],
    ]
    let answer = try reviewer().convert(conversion(old, to: "v1alpha2"))
    #expect(answer.at("response", "result", "status") == "Success")
    #expect(answer.at("response", "uid") == "u2")
    let converted = try #require(answer.at("response", "convertedObjects")?.array?.first)
    #expect(converted["apiVersion"] == "serving.kserve.io/v1alpha2")
    #expect(
      try reviewer().convert(conversion(converted, to: "v1alpha1")).at("response", "convertedObjects") == [
        old
      ])
    let unknown = try reviewer().convert(conversion(old, to: "v9"))
    #expect(unknown.at("response", "result", "status") == "Failure")
    #expect(unknown.at("response", "result", "message")?.string?.contains("v9") == true)
  }
}
