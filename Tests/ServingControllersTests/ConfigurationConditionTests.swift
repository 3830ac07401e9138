import ControllerKit
import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct ConfigurationConditionTests {
  private func conditions(_ problem: ConfigurationError?) throws -> [Condition] {
    var observed = ServiceObservation(
      service: try makeService(#"{"predictor":{"sklearn":{"storageUri":"pvc://c/p"}}}"#),
      configuration: embedded, mode: .standard)
    observed.configurationProblem = problem
    return ServiceConditions.make(observed)
  }

  @Test func aFaultyConfigMapIsAConditionThatTakesNoReadinessAway() throws {
    let configuration = ServingConfiguration(platform: .init(ingressDomain: "localhost"))
    var configMap = KubeObject(.configMaps, namespace: "kserve", name: "inferenceservice-config")
    configMap["data"] = ["logger": "{"]
    let problem = try #require(configuration.update(from: configMap))
    let found = try conditions(problem)
    let said = try #require(found.first { $0.type == "ConfigurationValid" })
    #expect(said.status == .no)
    #expect(said.reason == "InvalidConfiguration")
    #expect(said.message.contains("key \"logger\""))
    #expect(found.filter { $0.type != "ConfigurationValid" } == (try conditions(nil)))
    configMap["data"] = [:]
    #expect(configuration.update(from: configMap) == nil)
    #expect(configuration.problem == nil)
  }
}
