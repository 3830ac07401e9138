import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct PodValidationTests {
  /// One thing that is wrong in a pod, and what is said about it.
  struct Mistake: Sendable, CustomTestStringConvertible {
    var path: [String]
    var value: JSONValue
    var field: String
    var message: String

    /// In the first container.
    static func container(_ path: String..., value: JSONValue, _ field: String, _ message: String) -> Mistake
    {
      Mistake(path: ["container"] + path, value: value, field: "containers[0]." + field, message: message)
    }

    static func spec(_ path: String, _ value: JSONValue, _ field: String, _ message: String) -> Mistake {
      Mistake(path: [path], value: value, field: field, message: message)
    }

    var testDescription: String { "\(field): \(message)" }

    func spec() -> JSONValue {
      var container: JSONValue = ["name": "main", "image": "server:v1"]
      if path.first == "container" {
        if path.count == 2 { container[path[1]] = value } else { container.set(value, at: path[1], path[2]) }
        return ["containers": [container]]
      }
      var spec: JSONValue = ["containers": [container]]
      spec[path[0]] = value
      return spec
    }
  }

  static let quantityRule =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
  static let portRule = "must be between 1 and 65535, inclusive"
  static let notNegative = "must be greater than or equal to 0"

  static let resourceMistakes: [Mistake] = [
    .container(
      "resources", "limits", value: ["cpu": "abc"], "resources.limits[cpu]",
      "Invalid value: \"abc\": \(quantityRule)"),
    .container(
      "resources", "requests", value: ["memory": "-1"], "resources.requests[memory]",
      "Invalid value: \"-1\": \(notNegative)"),
    .container(
      "resources", "requests", value: ["cpu": "1.5.5"], "resources.requests[cpu]",
      "Invalid value: \"1.5.5\": \(quantityRule)"),
    .container(
      "resources", value: ["requests": ["cpu": "2"], "limits": ["cpu": "1500m"]], "resources.requests",
      "Invalid value: \"2\": must be less than or equal to cpu limit of 1500m"),
  ]

  static let portMistakes: [Mistake] = [
    .container(
      "ports", value: [["containerPort": 70000]], "ports[0].containerPort",
      "Invalid value: 70000: \(portRule)"),
    .container("ports", value: [["containerPort": 0]], "ports[0].containerPort", "Required value"),
    .container(
      "ports", value: [["containerPort": 80, "hostPort": -1]], "ports[0].hostPort",
      "Invalid value: -1: \(portRule)"),
    .container(
      "ports", value: [["containerPort": 80, "name": "UPPER!"]], "ports[0].name",
      "Invalid value: \"UPPER!\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
    .container(
      "ports", value: [["containerPort": 80, "name": "a-name-that-is-too-long"]], "ports[0].name",
      "Invalid value: \"a-name-that-is-too-long\": must be no more than 15 characters"),
    .container(
      "ports", value: [["containerPort": 80, "name": "a"], ["containerPort": 81, "name": "a"]],
      "ports[1].name", "Duplicate value: \"a\""),
    .container(
      "ports", value: [["containerPort": 80, "protocol": "HTTP"]], "ports[0].protocol",
      "Unsupported value: \"HTTP\": supported values: \"SCTP\", \"TCP\", \"UDP\""),
  ]

  static let probeMistakes: [Mistake] = [
    .container(
      "readinessProbe", value: ["tcpSocket": ["port": 80], "periodSeconds": -1],
      "readinessProbe.periodSeconds", "Invalid value: -1: \(notNegative)"),
    .container(
      "livenessProbe", value: ["tcpSocket": ["port": 80], "failureThreshold": -3],
      "livenessProbe.failureThreshold", "Invalid value: -3: \(notNegative)"),
    .container(
      "livenessProbe", value: ["tcpSocket": ["port": 80], "successThreshold": 2],
      "livenessProbe.successThreshold", "Invalid value: 2: must be 1"),
    .container(
      "startupProbe", value: ["httpGet": ["port": 99999]], "startupProbe.httpGet.port",
      "Invalid value: 99999: \(portRule)"),
    .container(
      "readinessProbe", value: ["tcpSocket": ["port": "no port"]], "readinessProbe.tcpSocket.port",
      "Invalid value: \"no port\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
    .container(
      "readinessProbe", value: ["httpGet": ["port": 80, "scheme": "FTP"]], "readinessProbe.httpGet.scheme",
      "Unsupported value: \"FTP\": supported values: \"HTTP\", \"HTTPS\""),
    .container(
      "readinessProbe", value: ["periodSeconds": 1], "readinessProbe",
      "Required value: must specify a handler type"),
    .container(
      "readinessProbe", value: ["httpGet": ["port": 80], "tcpSocket": ["port": 80]],
      "readinessProbe.tcpSocket", "Forbidden: may not specify more than 1 handler type"),
  ]

  static let otherMistakes: [Mistake] = [
    .spec("volumes", [["name": "a/b", "emptyDir": [:]]], "volumes[0].name", "Invalid value: \"a/b\": a low"),
    .spec("volumes", [["name": "..", "emptyDir": [:]]], "volumes[0].name", "Invalid value: \"..\": a low"),
    .spec(
      "volumes", [["name": "a", "emptyDir": [:]], ["name": "a", "emptyDir": [:]]], "volumes[1].name",
      "Duplicate value: \"a\""),
    .spec(
      "restartPolicy", "Sometimes", "restartPolicy",
      "Unsupported value: \"Sometimes\": supported values: \"Always\""),
    .spec(
      "dnsPolicy", "x", "dnsPolicy",
      "Unsupported value: \"x\": supported values: \"ClusterFirst\", \"ClusterFirstWithHostNet\","
        + " \"Default\", \"None\""),
    .spec(
      "terminationGracePeriodSeconds", -1, "terminationGracePeriodSeconds",
      "Invalid value: -1: \(notNegative)"),
    .container(
      "volumeMounts", value: [["name": "x", "mountPath": "/x"]], "volumeMounts[0].name", "Not found: \"x\""),
    .container("name", value: "A", "name", "Invalid value: \"A\": a lowercase RFC 1123 label"),
    .container("env", value: [["name": "", "value": "1"]], "env[0].name", "Required value"),
    .container(
      "env", value: [["name": "a=b", "value": "1"]], "env[0].name",
      "Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII"
        + " characters other than '='"),
    .container(
      "imagePullPolicy", value: "Now", "imagePullPolicy",
      "Unsupported value: \"Now\": supported values: \"Always\", \"IfNotPresent\", \"Never\""),
  ]

  @Test(arguments: resourceMistakes + portMistakes + probeMistakes + otherMistakes)
  func mistakesInPodsAndTemplatesAreRefused(mistake: Mistake) async throws {
    try await TestServer.run { test in
      var pod = KubeObject(.pods, namespace: "default", name: "a")
      pod.spec = mistake.spec()
      try await expect(mistake, at: "spec") { try await test.client.create(.pods, pod) }
      var deployment = KubeObject.deployment("a")
      deployment.json.set(mistake.spec(), at: "spec", "template", "spec")
      try await expect(mistake, at: "spec.template.spec") {
        try await test.client.create(.deployments, deployment)
      }
      #expect(try await test.client.list(.pods).items.isEmpty)
      #expect(try await test.client.list(.deployments).items.isEmpty)
    }
  }

  private func expect(_ mistake: Mistake, at place: String, _ write: () async throws -> KubeObject)
    async throws
  {
    let error = await kubeError { _ = try await write() }
    #expect(error?.code == 422)
    let causes = error?.causes ?? []
    #expect(
      causes.contains { $0.field == "\(place).\(mistake.field)" && $0.message.hasPrefix(mistake.message) },
      "\(error as Any)")
  }

  @Test func mountPathsAreAbsoluteAndUnique() async throws {
    try await TestServer.run { test in
      for (path, message) in [
        ("", "Required value"), ("data", "Invalid value: \"data\": must be an absolute path"),
        ("/a:b", "Invalid value: \"/a:b\": must not contain ':'"),
      ] {
        var pod = KubeObject.pod("a")
        pod.spec = [
          "containers": [
            ["name": "main", "image": "i:1", "volumeMounts": [["name": "v", "mountPath": .string(path)]]]
          ],
          "volumes": [["name": "v", "emptyDir": [:]]],
        ]
        let error = await kubeError { _ = try await test.client.create(.pods, pod) }
        #expect(error?.causes.map(\.message) == [message])
        #expect(error?.causes.first?.field == "spec.containers[0].volumeMounts[0].mountPath")
      }
    }
  }

  @Test func zerosInProbesMeanTheDefaults() async throws {
    try await TestServer.run { test in
      var pod = KubeObject.pod("a")
      pod.spec = [
        "containers": [
          [
            "name": "main", "image": "i:1",
            "readinessProbe": [
              "tcpSocket": ["port": "http"], "periodSeconds": 0, "timeoutSeconds": 0, "failureThreshold": 0,
              "successThreshold": 0,
            ],
            "resources": ["requests": ["cpu": "1"], "limits": ["cpu": "1000m", "memory": "1e9"]],
          ]
        ]
      ]
      let probe = try await test.client.create(.pods, pod).spec?["containers"]?[0]?["readinessProbe"]
      #expect(probe?["periodSeconds"] == 10)
      #expect(probe?["timeoutSeconds"] == 1)
      #expect(probe?["failureThreshold"] == 3)
      #expect(probe?["successThreshold"] == 1)
    }
  }

  @Test func aPodThatIsChangedIsCheckedAgainAndAStoredMistakeDoesNotHinderItsStatus() async throws {
    try await TestServer.run { test in
      try await test.client.create(.pods, .pod("a"))
      let error = await kubeError {
        _ = try await test.client.patch(
          .pods, namespace: "default", name: "a",
          ["spec": ["containers": [["name": "main", "ports": [["containerPort": 70000]]]]]])
      }
      #expect(error?.code == 422)
    }
  }
}
