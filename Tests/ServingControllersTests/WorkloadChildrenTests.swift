import Formats
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

@Suite struct WorkloadChildrenTests {
  /// Deployment and Service of the predictor.
  private struct Made {
    var plan: ServicePlan
    var service: InferenceService

    func makeDeployment() throws -> KubeObject {
      try plan.child(.deployments, service.predictorName)
    }
    func makeService() throws -> KubeObject { try plan.child(.services, service.predictorName) }
  }

  private func children(
    _ spec: String, configuration: InferenceServiceConfig = embedded
  ) throws -> Made {
    let service = try makeService(spec)
    return Made(plan: makePlan(service, configuration: configuration), service: service)
  }

  private func routes(
    _ service: InferenceService, configuration: InferenceServiceConfig = embedded
  ) throws -> [KubeObject] {
    makePlan(service, configuration: configuration).routes
  }

  @Test func theDeploymentIsUpstreams() throws {
    let deployment = try children(#"{"predictor":{"sklearn":{},"minReplicas":2}}"#).makeDeployment()
    #expect(deployment.name == "iris-predictor")
    #expect(deployment.namespace == "team")
    #expect(deployment.controllerReference?.uid == "uid-of-iris")
    #expect(deployment.spec?["replicas"]?.int == 2)
    #expect(deployment.spec?["selector"] == ["matchLabels": ["app": "isvc.iris-predictor"]])
    #expect(
      deployment.json.at("spec", "template", "metadata", "labels") == [
        "apus.dev/revision": .string(deployment.annotations["apus.dev/revision"] ?? ""),
        "app": "isvc.iris-predictor", "component": "predictor", "serving.kserve.io/inferenceservice": "iris",
      ])
    #expect(
      deployment.spec?["strategy"] == [
        "type": "RollingUpdate", "rollingUpdate": ["maxSurge": "25%", "maxUnavailable": "25%"],
      ])
    #expect(deployment.spec?["revisionHistoryLimit"]?.int == 10)
    #expect(deployment.spec?["progressDeadlineSeconds"]?.int == 600)
    #expect(deployment.json.at("spec", "template", "spec", "restartPolicy")?.string == "Always")
    #expect(deployment.json.at("spec", "template", "spec", "terminationGracePeriodSeconds")?.int == 30)
  }

  @Test(arguments: [("", 1), (#","minReplicas":0"#, 1), (#","minReplicas":3"#, 3)])
  func atLeastOneReplicaStays(_ field: String, _ expected: Int64) throws {
    #expect(
      try children(#"{"predictor":{"sklearn":{}\#(field)}}"#).makeDeployment().spec?["replicas"]?.int
        == expected)
  }

  @Test func theServicesStrategyWinsOverTheConfiguredOne() throws {
    var configured = embedded
    configured.defaultRollout = ["maxSurge": "1", "maxUnavailable": "0"]
    #expect(
      try children(#"{"predictor":{"sklearn":{}}}"#, configuration: configured).makeDeployment()
        .json.at("spec", "strategy", "rollingUpdate") == ["maxSurge": "1", "maxUnavailable": "0"])
    #expect(
      try children(
        #"{"predictor":{"sklearn":{},"deploymentStrategy":{"type":"Recreate"}}}"#, configuration: configured
      ).makeDeployment().spec?["strategy"] == ["type": "Recreate"])
  }

  @Test func port80LeadsToTheFirstContainerPort() throws {
    let plain = try children(#"{"predictor":{"sklearn":{}}}"#).makeService()
    #expect(plain.name == "iris-predictor")
    #expect(plain.spec?["selector"] == ["app": "isvc.iris-predictor"])
    #expect(
      plain.spec?["ports"] == [
        ["name": "iris-predictor", "port": 80, "targetPort": 8080, "protocol": "TCP"]
      ])
    let ported = try children(
      #"""
      {"predictor":{"sklearn":{"ports":[{"containerPort":9000,"name":"h2c-port"},{"containerPort":8082}]}}}
      """#
    ).makeService()
    #expect(
      ported.spec?["ports"] == [
        [
          "name": "h2c-port", "port": 80, "targetPort": 9000, "protocol": "TCP",
          "appProtocol": "kubernetes.io/h2c",
        ],
        ["name": "iris-predictor-8082", "port": 8082, "targetPort": 8082, "protocol": "TCP"],
      ])
  }

  @Test func aHeadlessServiceIsMadeOnDemand() throws {
    var headless = embedded
    headless.isServiceHeadless = true
    let children = try children(#"{"predictor":{"sklearn":{}}}"#, configuration: headless)
    #expect(try children.makeService().spec?["clusterIP"]?.string == "None")
    let addresses = try ServingHosts(service: children.service, configuration: headless)
    #expect(addresses.address(targetPort: 8080) == "http://iris-predictor.team.svc.cluster.local:8080")
  }

  @Test func aNamedPredictorNamesItsChildren() throws {
    let named = try children(#"{"predictor":{"name":"v2","sklearn":{}}}"#)
    #expect(try named.makeDeployment().name == "iris-v2-predictor")
    #expect(try named.makeService().spec?["selector"] == ["app": "isvc.iris-v2-predictor"])
    let routes = try routes(named.service)
    #expect(routes.map(\.name) == ["iris-predictor", "iris"])
    #expect(routes[1].spec?["rules"]?[0]?["backendRefs"]?[0]?["name"]?.string == "iris-v2-predictor")
  }

  @Test func twoRoutesLeadToThePredictor() throws {
    let routes = try routes(try makeService(#"{"predictor":{"sklearn":{},"timeout":5}}"#))
    #expect(routes.map(\.name) == ["iris-predictor", "iris"])
    #expect(
      routes.map { $0.spec?["hostnames"] } == [
        ["iris-predictor-team.localhost", "iris-predictor.team.localhost"],
        ["iris-team.localhost", "iris.team.localhost"],
      ])
    let top = try #require(routes[1].spec)
    #expect(
      top["parentRefs"] == [
        [
          "group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "kserve-ingress-gateway",
          "namespace": "kserve",
        ]
      ])
    let rule = try #require(top["rules"]?[0])
    #expect(rule["matches"] == [["path": ["type": "RegularExpression", "value": "^/.*$"]]])
    #expect(
      rule["filters"]?[0]?.at("requestHeaderModifier", "set") == [
        ["name": "KServe-Isvc-Name", "value": "iris"], ["name": "KServe-Isvc-Namespace", "value": "team"],
      ])
    #expect(rule["timeouts"] == ["request": "5s"])
    #expect(
      rule["backendRefs"] == [
        [
          "group": "", "kind": "Service", "name": "iris-predictor", "namespace": "team", "port": 80,
          "weight": 1,
        ]
      ])
    #expect(routes.allSatisfy { $0.controllerReference?.uid == "uid-of-iris" })
  }

  @Test func theConfigurationShapesTheRoutes() throws {
    var changed = embedded
    changed.ingress.isRouteTimeoutDisabled = true
    changed.ingress.additionalDomains = ["a.corp", "localhost"]
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
    let top = try #require(try routes(service, configuration: changed).last)
    #expect(
      top.spec?["hostnames"]
        == ["iris-team.localhost", "iris.team.localhost", "iris-team.a.corp", "iris.team.a.corp"])
    #expect(top.spec?["rules"]?[0]?["timeouts"] == nil)
    #expect(
      try routes(service).last?.spec?["rules"]?[0]?["timeouts"] == ["request": "60s"])
    let patient = try makeService(#"{"predictor":{"timeout":100000,"sklearn":{}}}"#)
    #expect(try routes(patient).last?.spec?["rules"]?[0]?["timeouts"] == ["request": "27h46m40s"])
  }

  @Test func addressesCarryTheGatewaysPort() throws {
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
    let addresses = try ServingHosts(service: service, configuration: embedded)
    #expect(addresses.url == "http://iris-team.localhost:8081")
    #expect(addresses.url(of: .predictor) == "http://iris-predictor-team.localhost:8081")
    #expect(addresses.address(targetPort: 8080) == "http://iris-predictor.team.svc.cluster.local")
  }

  @Test func aClusterLocalServiceHasNoRoutes() throws {
    let service = try makeService(
      #"{"predictor":{"sklearn":{}}}"#, labels: ["networking.kserve.io/visibility": "cluster-local"])
    let addresses = try ServingHosts(service: service, configuration: embedded)
    #expect(try routes(service) == [])
    #expect(addresses.url == "http://iris-predictor.team.svc.cluster.local")
  }

  @Test func aPathTemplateGivesAPathOfTheCommonDomain() throws {
    var changed = embedded
    changed.ingress.pathTemplate = "/serving/{{ .Namespace }}/{{ .Name }}/"
    let service = try makeService(#"{"predictor":{"sklearn":{}}}"#)
    let route = try #require(try routes(service, configuration: changed).last)
    #expect(route.name == "iris-path")
    #expect(route.spec?["hostnames"] == ["localhost"])
    let rule = route.spec?["rules"]?[0]
    #expect(rule?["matches"] == [["path": ["type": "PathPrefix", "value": "/serving/team/iris"]]])
    #expect(rule?["filters"]?[1]?.at("urlRewrite", "path", "replacePrefixMatch") == "/")
    changed.ingress.pathTemplate = "{{ .Nothing }}"
    #expect(makePlan(service, configuration: changed).failures[.predictor] != nil)
  }

  @Test func aPlainIngressStandsInForRoutes() throws {
    var changed = embedded
    changed.ingress.isGatewayAPIEnabled = false
    changed.ingress.className = "nginx"
    var kinds = OptionalKinds()
    kinds.ingresses = KubeResource(
      group: "networking.k8s.io", version: "v1", plural: "ingresses", kind: "Ingress", isNamespaced: true)
    let plan = ServicePlanner(
      service: try makeService(
        #"{"predictor":{"sklearn":{}},"transformer":{"containers":[{"image":"t"}]}}"#), mode: .standard,
      configuration: changed, runtimes: ([], builtIn), credentials: NoCredentials(), live: [:], kinds: kinds
    ).plan()
    #expect(plan.routes.isEmpty)
    let ingress = try plan.child(try #require(kinds.ingresses), "iris")
    #expect(ingress.spec?["ingressClassName"] == "nginx")
    var targets: [String: String] = [:]
    for rule in ingress.spec?["rules"]?.array ?? [] {
      let backend = rule.at("http", "paths")?[0]?.at("backend", "service", "name")?.string
      targets[rule["host"]?.string ?? ""] = backend
    }
    #expect(targets["iris-team.localhost"] == "iris-transformer")
    #expect(targets["iris-transformer-team.localhost"] == "iris-transformer")
    #expect(targets["iris-predictor-team.localhost"] == "iris-predictor")
  }
}
