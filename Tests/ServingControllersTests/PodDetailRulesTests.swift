import ControllerKit
import Formats
import KubeClient
import KubeProtocol
import ServingAPI
import Testing

@testable import ServingControllers

/// Edges of pods, children and status that other tables pass by.
@Suite struct PodDetailRulesTests {
  private static let gs = #"{"predictor":{"sklearn":{"storageUri":"gs://b/m"}}}"#

  /// Written out, so that the API's own defaulting changes nothing.
  @Test func upstreamsDefaultsStandInThePod() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"},
          "containers":[{"name":"side","image":"s","ports":[{"containerPort":1}]}]}}
        """#)
    ).spec
    #expect(pod["dnsPolicy"] == "ClusterFirst" && pod["schedulerName"] == "default-scheduler")
    #expect(pod["restartPolicy"] == "Always" && pod["terminationGracePeriodSeconds"] == 30)
    let containers = (pod["initContainers"]?.array ?? []) + (pod["containers"]?.array ?? [])
    #expect(containers.map { $0["name"] } == ["storage-initializer", "kserve-container", "side"])
    for container in containers {
      #expect(container["terminationMessagePath"] == "/dev/termination-log")
      #expect(container["imagePullPolicy"] == "IfNotPresent")
    }
    // The last lines of a server that dies without a message say why.
    #expect(
      containers.map { $0["terminationMessagePolicy"] } == [
        "FallbackToLogsOnError", "FallbackToLogsOnError", "File",
      ])
    #expect(containers[2]["ports"]?[0]?["protocol"] == "TCP")
    #expect(containers[2]["readinessProbe"] == nil, "only what takes requests is probed")
  }

  @Test func whatTheUserSaysOfThePodStays() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"dnsPolicy":"None","schedulerName":"mine","terminationGracePeriodSeconds":5,
          "model":{"modelFormat":{"name":"sklearn"},"imagePullPolicy":"Always",
            "terminationMessagePolicy":"File"}}}
        """#)
    ).spec
    #expect(pod["dnsPolicy"] == "None" && pod["schedulerName"] == "mine")
    #expect(pod["terminationGracePeriodSeconds"] == 5)
    #expect(pod["containers"]?[0]?["imagePullPolicy"] == "Always")
    #expect(pod["containers"]?[0]?["terminationMessagePolicy"] == "File")
  }

  @Test func theServicesNameIsNotTheUsersToSay() throws {
    let pod = try makePod(
      try makeService(
        #"{"predictor":{"sklearn":{"env":[{"name":"INFERENCE_SERVICE_NAME","value":"other"}]}}}"#))
    let variables = pod.spec["containers"]?[0]?["env"]?.array ?? []
    #expect(variables.filter { $0["name"] == "INFERENCE_SERVICE_NAME" }.map { $0["value"] } == ["iris"])
  }

  @Test func theFetchingProgramHasUpstreamsVariables() throws {
    let initializer = try makePod(try makeService(Self.gs)).spec["initContainers"]?[0]
    for (name, value) in [
      ("HF_HUB_ENABLE_HF_TRANSFER", "1"), ("HF_XET_HIGH_PERFORMANCE", "1"),
      ("HF_XET_NUM_CONCURRENT_RANGE_GETS", "8"),
    ] {
      #expect(initializer?.environmentValue(name) == value)
    }
  }

  @Test func severalClaimsHaveAVolumeEach() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[
          {"uri":"pvc://a/x","mountPath":"/mnt/a"},{"uri":"pvc://b/y","mountPath":"/mnt/b"}]}}
        """#)
    ).spec
    #expect(
      pod["volumes"] == [
        ["name": "kserve-pvc-source-0", "persistentVolumeClaim": ["claimName": "a"]],
        ["name": "kserve-pvc-source-1", "persistentVolumeClaim": ["claimName": "b"]],
      ])
    // Upstream forgets the path inside the claim here.
    #expect(
      pod["containers"]?[0]?["volumeMounts"]?.array?.map { $0["subPath"] } == ["x", "y"])
  }

  @Test(arguments: [("v1", "kserve"), ("v2", "kservev2"), ("grpc-v2", "kservev2")])
  func torchservesEnvelopeFollowsEveryProtocol(_ version: String, _ envelope: String) throws {
    var runtime = try makeRuntime(
      "r", formats: #"[{"name":"pytorch","autoSelect":true}]"#, protocols: ["v1", "v2", "grpc-v2"])
    runtime.object.annotations = ["serving.kserve.io/server-type": "torchserve"]
    let spec = #"{"predictor":{"pytorch":{"storageUri":"s3://b/m","protocolVersion":"\#(version)"}}}"#
    let pod = try makePod(try makeService(spec), runtime: runtime)
    #expect(pod.labels["serviceEnvelope"] == envelope)
    let own = try makePod(try makeService(spec, labels: ["serviceEnvelope": "mine"]), runtime: runtime)
    #expect(own.labels["serviceEnvelope"] == "mine", "a label of the user's own wins")
  }

  @Test func tritonsArgumentIsThereOnce() throws {
    var runtime = try makeRuntime(
      "r", formats: #"[{"name":"onnx","autoSelect":true}]"#, protocols: ["v2"],
      extra:
        #"{"containers":[{"name":"kserve-container","image":"t","args":["--model-control-mode=explicit"]}]}"#)
    runtime.object.annotations = ["serving.kserve.io/server-type": "tritonserver"]
    let pod = try makePod(try makeService(#"{"predictor":{"onnx":{}}}"#), runtime: runtime)
    #expect(pod.spec["containers"]?[0]?["args"] == ["--model-control-mode=explicit"])
  }

  @Test func copiesOfRequestsNameTheirService() throws {
    var configured = embedded
    configured.logger = try InferenceServiceConfig(
      data: ["logger": #"{"caBundle":"roots","caCertFile":"own.crt"}"#], platform: embedded.platform
    ).logger
    let pod = try makePod(
      try makeService(#"{"predictor":{"sklearn":{},"logger":{"url":"https://sink"}}}"#),
      configuration: configured)
    let main = pod.spec["containers"]?[0]
    for (name, value) in [
      ("URL", "https://sink"), ("MODE", "all"), ("INFERENCE_SERVICE", "iris"), ("NAMESPACE", "team"),
      ("COMPONENT", "predictor"), ("CA_FILE", "/etc/tls/logger/own.crt"),
    ] {
      #expect(main?.environmentValue("APUS_LOG_\(name)") == value, "\(name)")
    }
  }

  @Test func theModelIsThereBeforeTheUsersOwnInitContainers() throws {
    let spec = #"""
      {"predictor":{"model":{"modelFormat":{"name":"sklearn"},"storageUri":"gs://b/m"},
        "initContainers":[{"name":"$","image":"i"}]}}
      """#
    func names(_ own: String) throws -> [JSONValue?] {
      let pod = try makePod(try makeService(spec.replacing("$", with: own))).spec
      return (pod["initContainers"]?.array ?? []).map { $0["name"] }
    }
    #expect(try names("mine") == ["storage-initializer", "mine"])
    // One of that name fetches the model itself, as upstream.
    #expect(try names("storage-initializer") == ["storage-initializer"])
  }

  @Test func aRuntimesFurtherContainerTakesTheServicesOverIt() throws {
    let runtime = try makeRuntime(
      "r", formats: #"[{"name":"sklearn","autoSelect":true}]"#,
      extra: #"""
        {"containers":[{"name":"kserve-container","image":"i"},
          {"name":"proxy","image":"p:1","args":["--a"],"env":[{"name":"A","value":"1"}]}]}
        """#)
    let containers =
      try makePod(
        try makeService(
          #"""
          {"predictor":{"model":{"modelFormat":{"name":"sklearn"}},
            "containers":[{"name":"proxy","image":"p:2","args":["--b"],"env":[{"name":"B","value":"2"}]}]}}
          """#), runtime: runtime
      ).spec["containers"]?.array ?? []
    let proxies = containers.filter { $0["name"] == "proxy" }
    #expect(proxies.count == 1)
    #expect(proxies.first?["image"] == "p:2" && proxies.first?["args"] == ["--a", "--b"])
    #expect(proxies.first?.environmentValue("A") == "1" && proxies.first?.environmentValue("B") == "2")
  }

  @Test(
    arguments: [
      (#""image":"own/art:1""#, "own/art:1"), (#""image":"""#, "kserve/art-explainer:latest"),
      (nil, "kserve/art-explainer:latest"),
      (#""image":"own/art:1","runtimeVersion":"9""#, "own/art:1"),
    ] as [(String?, String)])
  func theToolboxesOwnImageStays(_ members: String?, _ expected: String) throws {
    let own = members.map { ",\($0)" } ?? ""
    let plan = makePlan(
      try makeService(
        #"{"predictor":{"sklearn":{}},"explainer":{"art":{"type":"SquareAttack"\#(own)}}}"#))
    #expect(
      try plan.child(.deployments, "iris-explainer")
        .json.at("spec", "template", "spec", "containers")?[0]?["image"]?.string == expected)
  }

  @Test func severalModelsHaveNoOneSource() throws {
    let pod = try makePod(
      try makeService(
        #"""
        {"predictor":{"model":{"modelFormat":{"name":"sklearn"}},"storageUris":[{"uri":"gs://b/m"}]}}
        """#))
    #expect(pod.annotations["internal.serving.kserve.io/storage-initializer-sourceuri"] == nil)
  }

  // MARK: children

  @Test func everyChildCarriesTheServicesTexts() throws {
    var kinds = OptionalKinds()
    kinds.podAutoscalers = KubeResource(
      group: "autoscaling", version: "v2", plural: "horizontalpodautoscalers",
      kind: "HorizontalPodAutoscaler", isNamespaced: true)
    let service = try makeService(
      Self.gs, annotations: ["note": "n", "autoscaling.knative.dev/max-scale": "3"], labels: ["tier": "gold"])
    let plan = ServicePlanner(
      service: service, mode: .standard, configuration: embedded, runtimes: ([], builtIn),
      credentials: NoCredentials(), live: [:], kinds: kinds
    ).plan()
    let children = plan.children.filter { $0.resource != .controllerRevisions }
    #expect(Set(children.map(\.resource.kind)).count == 4)
    for child in children {
      #expect(child.object.labels["tier"] == "gold", "\(child.resource)")
      #expect(child.object.labels["serving.kserve.io/inferenceservice"] == "iris", "\(child.resource)")
      #expect(child.object.annotations["note"] == "n", "\(child.resource)")
      #expect(child.object.annotations["autoscaling.knative.dev/max-scale"] == nil, "\(child.resource)")
      #expect(child.object.controllerReference?.uid == "uid-of-iris", "\(child.resource)")
    }
  }

  /// Rounded up, of at least one; ready canaries stand in for stable pods, of which one stays.
  @Test(arguments: [
    (5, 25, 2, 3), (4, 25, 1, 3), (1, 1, 1, 1), (3, 100, 3, 1), (3, 34, 2, 1), (10, 0, 1, 9),
  ])
  func aCanarysShareOfPodsIsRoundedUp(
    _ least: Int, _ percent: Int, _ canaries: Int64, _ stable: Int64
  ) throws {
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-two-predictor")
    deployment.annotations[LivePair.roleAnnotation] = "canary"
    deployment.spec = ["replicas": 1]
    let live = LiveComponent(
      pairs: [
        LivePair(deployment: deployment, pods: [try makePodObject("p", phase: "Running", ready: true)])
      ], history: [], rollout: RolloutState())
    let plan = makePlan(
      try makeService(
        #"""
        {"predictor":{"name":"one","minReplicas":\#(least),"sklearn":{"storageUri":"pvc://c/a"}},
         "canary":[{"trafficPercent":\#(percent),"predictor":{"name":"two",
           "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/b"}}}]}
        """#, annotations: ["serving.kserve.io/autoscalerClass": "none"]), live: [.predictor: live])
    #expect(try plan.child(.deployments, "iris-two-predictor").spec?["replicas"]?.int == canaries)
    #expect(try plan.child(.deployments, "iris-one-predictor").spec?["replicas"]?.int == stable)
  }

  @Test func eachCanaryHasAModelStatus() throws {
    let service = try makeService(
      #"""
      {"predictor":{"name":"one","sklearn":{"storageUri":"pvc://c/a"}},
       "canary":[{"trafficPercent":1,"predictor":{"name":"two",
         "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/b"}}}]}
      """#)
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.components[0].plan = makePlan(service).components[.predictor]
    var failed = try makePodObject(
      "two-1",
      status: #"""
        {"containerStatuses":[{"name":"kserve-container","state":{"terminated":{"reason":"Error","exitCode":3}}}]}
        """#)
    failed.labels["app"] = "isvc.iris-two-predictor"
    observed.components[0].allPods = [failed]
    let canary = ServiceStatus.make(observed, now: moment)["canaryStatuses"]?[0]
    #expect(canary?.at("modelStatus", "states", "targetModelState") == "FailedToLoad")
    #expect(canary?.at("modelStatus", "lastFailureInfo", "exitCode") == 3)
  }

  @Test func aPortsNameFits() throws {
    let name = String(repeating: "n", count: 44)
    let plan = makePlan(
      try makeService(
        #"{"predictor":{"sklearn":{"ports":[{"containerPort":1},{"containerPort":2}]}}}"#, name: name))
    let ports = try plan.child(.services, "\(name)-predictor").spec?["ports"]?.array ?? []
    #expect(ports.map { $0["name"]?.string } == ["\(name)-predictor", "\(name)-predictor-2"])
    let long = PodTemplate(labels: [:], annotations: [:], spec: ["containers": [["name": "c"]]])
    let made = ServicePort.list(long, serviceName: String(repeating: "s", count: 80))
    #expect(made.map(\.name) == [String(repeating: "s", count: 63)])
  }

  @Test func callsOverGRPCAreKnownByPathAndContent() throws {
    let routes = makePlan(
      try makeService(
        #"""
        {"predictor":{"sklearn":{"ports":[{"containerPort":8080,"name":"http1"},
          {"containerPort":8081,"name":"grpc"}]}}}
        """#)
    ).routes
    for route in routes {
      #expect(
        route.spec?["rules"]?[0]?["matches"] == [
          [
            "path": ["type": "RegularExpression", "value": #"^/inference\.GRPCInferenceService/.*$"#],
            "headers": [
              ["type": "RegularExpression", "name": "content-type", "value": "^application/grpc.*"]
            ],
          ]
        ], "\(route.name)")
    }
  }

  /// The scheme is the service's own; components are told by http, as upstream.
  @Test func onlyTheServicesURLHasTheScheme() throws {
    let configuration = try InferenceServiceConfig(
      data: [
        "ingress":
          #"{"ingressDomain":"corp","urlScheme":"https","domainTemplate":"{{.Name}}.{{.Annotations.unit}}.{{.IngressDomain}}"}"#
      ], platform: .init(ingressDomain: "localhost"))
    let hosts = try ServingHosts(
      service: try makeService(Self.gs, annotations: ["unit": "blue"]), configuration: configuration)
    #expect(hosts.url == "https://iris.blue.corp")
    #expect(hosts.url(of: .predictor) == "http://iris-predictor.blue.corp")
  }

  // MARK: status

  /// Of what is wrong the first that is False is told, then the first that is Unknown.
  @Test(arguments: [
    ([Condition.Status.yes, .yes], "True", ""), ([.unknown, .no], "False", "r1"),
    ([.no, .unknown, .no], "False", "r0"), ([.yes, .unknown], "Unknown", "r1"),
  ])
  func readyIsAllOfItsParts(_ parts: [Condition.Status], _ status: String, _ reason: String) {
    let ready = ServiceConditions.ready(
      parts.enumerated().map { Condition("P\($0.offset)", $0.element, reason: "r\($0.offset)") })
    #expect(ready.status.rawValue == status && ready.reason == reason)
  }

  @Test func readyCanariesAreSaidToBe() throws {
    let service = try makeService(
      #"""
      {"predictor":{"name":"one","sklearn":{"storageUri":"pvc://c/a"}},
       "canary":[{"trafficPercent":1,"predictor":{"name":"two",
         "model":{"modelFormat":{"name":"sklearn"},"storageUri":"pvc://c/b"}}}]}
      """#)
    var deployment = KubeObject(.deployments, namespace: "team", name: "iris-two-predictor")
    deployment.annotations[LivePair.roleAnnotation] = "canary"
    deployment.spec = ["replicas": 1]
    let ready = try makePodObject("p", phase: "Running", ready: true)
    let live = LiveComponent(
      pairs: [LivePair(deployment: deployment, pods: [ready])], history: [], rollout: RolloutState())
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    observed.components[0].plan = makePlan(service, live: [.predictor: live]).components[.predictor]
    let status = ServiceStatus.make(observed, now: moment)
    #expect(
      Conditions.get(status["conditions"], "CanaryPredictorReady")
        == Condition("CanaryPredictorReady", .yes, reason: "AllCanariesReady", severity: "Info"))
    #expect(status["canaryStatuses"]?[0]?["ready"] == true)
  }

  @Test func withoutKnativeItsModeIsBuiltIn() throws {
    let service = try makeService(
      Self.gs, annotations: ["serving.kserve.io/deploymentMode": "Knative"])
    var observed = ServiceObservation(service: service, configuration: embedded, mode: .knative)
    observed.hosts = try ServingHosts(service: service, configuration: embedded, mode: .knative)
    let found = ServiceConditions.make(observed).first { $0.type == "KnativeInstalled" }
    #expect(found?.status == .no && found?.reason == "BuiltIn" && found?.severity == "Info")
    let types = Set(ServiceConditions.make(observed).map(\.type))
    #expect(
      types.isSuperset(of: [
        "PredictorConfigurationReady", "PredictorRouteReady", "RoutesReady", "LatestDeploymentReady",
      ]))
  }

  /// A route that moves takes no readiness away from a service that was ready, for a while.
  @Test(arguments: [
    (1, "True", false, "True"), (0, "True", false, "True"), (1, "False", false, "Unknown"),
    (1, "True", true, "Unknown"),
  ])
  func aRouteThatMovesTakesNothingAway(
    _ seen: Int64, _ before: String, _ isOverdue: Bool, _ expected: String
  ) throws {
    var service = try makeService(Self.gs)
    service.object.status = [
      "observedGeneration": .int(seen),
      "conditions": [["type": "IngressReady", "status": .string(before)]],
    ]
    var routes: [KubeObject] = []
    for name in ["iris-predictor", "iris"] {
      var route = KubeObject(.httpRoutes, namespace: "team", name: name)
      route.generation = 2
      route.status = [
        "parents": [
          [
            "parentRef": ["name": "kserve-ingress-gateway", "namespace": "kserve"],
            "conditions": [["type": "Accepted", "status": "True", "observedGeneration": 1]],
          ]
        ]
      ]
      routes.append(route)
    }
    let observed = ServiceObservation(service: service, configuration: embedded, mode: .standard)
    let condition = IngressReadiness(
      service: service, configuration: embedded, routes: routes, isExposed: true, hasIngress: false,
      components: observed.components, isOverdue: isOverdue
    ).condition(areComponentsReady: true)
    #expect(condition.status.rawValue == expected)
    if expected != "True" { #expect(condition.reason == "RouteNotObserved") }
  }

  @Test(arguments: [("", "Unknown"), ("too slow", "False")])
  func aDeploymentThatDoesNotProgressSaysWhy(_ message: String, _ expected: String) throws {
    var deployment = KubeObject(.deployments, namespace: "team", name: "d")
    deployment.status = [
      "conditions": [
        ["type": "Progressing", "status": "False", "reason": "R", "message": .string(message)]
      ]
    ]
    let condition = ComponentReadiness.condition(
      deployment: deployment, pods: [try makePodObject("p", phase: "Running", ready: true)])
    #expect(condition.status.rawValue == expected)
  }
}

/// Credentials that come after the service.
@Suite(.timeLimit(.minutes(2))) struct LateCredentialsTests {
  @Test func aSecretAndAnAccountThatComeLateAreUsed() async throws {
    try await withPlatform { platform in
      try await platform.client.create(
        .inferenceServices,
        platform.service(
          #"{"predictor":{"serviceAccountName":"reader","sklearn":{"storageUri":"s3://b/m"}}}"#))
      _ = try await platform.waitFor(.deployments, "iris-predictor") { _ in true }
      @Sendable func isTold(_ deployment: KubeObject, _ secret: String) -> Bool {
        let initializer = deployment.json.at("spec", "template", "spec", "initContainers")?[0]
        return (initializer?["env"]?.array ?? []).contains {
          $0.at("valueFrom", "secretKeyRef", "name")?.string == secret
        }
      }
      var account = KubeObject(.serviceAccounts, namespace: "team", name: "reader")
      account.json["secrets"] = [["name": "keys"]]
      try await platform.client.create(.serviceAccounts, account)
      var secret = KubeObject(.secrets, namespace: "team", name: "keys")
      secret["data"] = ["AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="]
      try await platform.client.create(.secrets, secret)
      _ = try await platform.waitFor(.deployments, "iris-predictor") { isTold($0, "keys") }

      // The account is given another one, which is there already.
      secret = KubeObject(.secrets, namespace: "team", name: "others")
      secret["data"] = ["AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="]
      secret = try await platform.client.create(.secrets, secret)
      let secrets = platform.informers.informer(.secrets)
      while !secrets.hasObserved(secret.resourceVersion) { await Task.yield() }
      try await platform.client.patch(
        .serviceAccounts, namespace: "team", name: "reader", ["secrets": [["name": "others"]]])
      _ = try await platform.waitFor(.deployments, "iris-predictor") { isTold($0, "others") }
    }
  }
}
