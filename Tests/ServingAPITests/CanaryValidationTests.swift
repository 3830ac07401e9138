import Formats
import KubeProtocol
import ServingAPI
import Testing

private let stable =
  #"{"name":"one","minReplicas":2,"model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/m"}}"#

/// Canaries and workers: the spec, the field, the message.
@Suite struct CanaryValidationTests {
  private func messages(
    _ canaries: String, predictor: String = stable, mode: String? = "Standard"
  ) throws -> [String] {
    InferenceServiceValidation.causes(
      try makeService(
        #"{"predictor":\#(predictor),"canary":[\#(canaries)]}"#,
        annotations: mode.map { ["serving.kserve.io/deploymentMode": $0] } ?? [:])
    ).map(\.message)
  }

  private func canary(_ name: String, _ percent: Int, _ extra: String = "") -> String {
    let named = name.isEmpty ? "" : #""name":"\#(name)","#
    let model = #""model":{"modelFormat":{"name":"a"},"storageUri":"gs://b/n"}"#
    return #"{"trafficPercent":\#(percent),"predictor":{\#(named)\#(extra)\#(model)}}"#
  }

  @Test func goodOnesPassWithStandardModeAndWithout() throws {
    #expect(try messages(canary("two", 20) + "," + canary("three", 80)) == [])
    #expect(try messages(canary("two", 0), mode: nil) == [])
    #expect(try messages(canary("two", 10, #""minReplicas":2,"#)) == [])
  }

  @Test func theyNeedStandardMode() throws {
    #expect(
      try messages(canary("two", 10), mode: "Knative") == [
        "canary is only supported in Standard deployment mode"
      ])
  }

  @Test func theStablePredictorNeedsAModel() throws {
    #expect(
      try messages(canary("two", 10), predictor: #"{"containers":[{"image":"x"}]}"#).first
        == "canary requires a stable predictor with a model (multi-model serving is not supported with canary)"
    )
  }

  @Test func namesAreRequiredAndUnique() throws {
    #expect(try messages(canary("", 10)) == ["canary[0] predictor.name is required"])
    #expect(
      try messages(canary("two", 10) + "," + canary("two", 10)) == [
        "canary predictor.name \"two\" is duplicated"
      ])
    #expect(
      try messages(canary("one", 10)) == [
        "canary predictor.name \"one\" conflicts with stable predictor name"
      ])
  }

  @Test func sharesAreBounded() throws {
    #expect(
      try messages(canary("two", 101)) == [
        "canary \"two\" trafficPercent must be between 0 and 100, got 101",
        "sum of canary trafficPercent values (101) must be <= 100",
      ])
    #expect(
      try messages(canary("two", 60) + "," + canary("three", 50)) == [
        "sum of canary trafficPercent values (110) must be <= 100"
      ])
  }

  @Test(arguments: [
    (#""maxReplicas":3,"#, "maxReplicas"), (#""scaleTarget":3,"#, "scaleTarget"),
    (#""scaleMetric":"cpu","#, "scaleMetric"), (#""autoScaling":{},"#, "autoScaling"),
  ])
  func replicasAreFixed(_ extra: String, _ field: String) throws {
    #expect(
      try messages(canary("two", 10, extra)) == [
        "canary \"two\" must not set \(field) (canary uses fixed replicas)"
      ])
  }

  @Test func replicasMayNotExceedTheStableOnes() throws {
    #expect(
      try messages(canary("two", 10, #""minReplicas":3,"#)) == [
        "canary \"two\" minReplicas (3) must not exceed stable predictor minReplicas (2)"
      ])
  }

  @Test func workersAreNotForCanaries() throws {
    #expect(
      try messages(canary("two", 10, #""workerSpec":{},"#)) == [
        "canary \"two\" must not set workerSpec (multi-node is not yet supported for canary)"
      ])
  }

  /// A canary's own predictor is checked like the stable one.
  @Test func itsPredictorIsCheckedToo() throws {
    #expect(
      try messages(#"{"trafficPercent":1,"predictor":{"name":"two"}}"#).first?.hasPrefix("exactly one of [")
        == true)
    #expect(
      try messages(canary("two", 10, #""initContainers":[{"name":"c","env":[{"name":"PYTHONPATH"}]}],"#))
        == ["setting PYTHONPATH in container \"c\" is not allowed for security reasons"])
  }
}
