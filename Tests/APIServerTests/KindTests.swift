import Basics
import Formats
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

/// The kinds of a user's YAML beside what serving itself needs: one row each, what is sent and what the
/// server makes of it.
@Suite struct KindTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var path: String
    var yaml: String
    /// Paths that must hold these values afterwards.
    var expected: [String: JSONValue] = [:]
    var columns: [String]
    var cells: [JSONValue] = []
    var testDescription: String { path }
  }

  private static let template =
    "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: m, image: i:1}]}}"

  static let rows: [Row] = [
    Row(
      path: "/apis/apps/v1/namespaces/default/statefulsets",
      yaml: "spec: {selector: {matchLabels: {a: b}}, serviceName: s, \(template)}",
      expected: [
        "spec.replicas": 1, "spec.podManagementPolicy": "OrderedReady",
        "spec.updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["partition": 0]],
      ], columns: ["Name", "Ready", "Age"], cells: ["x", "0/1"]),
    Row(
      path: "/apis/apps/v1/namespaces/default/daemonsets",
      yaml: "spec: {selector: {matchLabels: {a: b}}, \(template)}",
      expected: ["spec.updateStrategy.rollingUpdate.maxUnavailable": 1],
      columns: ["Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age"]),
    Row(
      path: "/apis/batch/v1/namespaces/default/jobs",
      yaml: "spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i:1}]}}}",
      expected: ["spec.completions": 1, "spec.parallelism": 1, "spec.backoffLimit": 6],
      columns: ["Name", "Status", "Completions", "Duration", "Age"], cells: ["x", "Running", "0/1"]),
    Row(
      path: "/apis/batch/v1/namespaces/default/cronjobs",
      yaml:
        "spec: {schedule: '*/5 * * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i:1}]}}}}}",
      expected: ["spec.concurrencyPolicy": "Allow", "spec.successfulJobsHistoryLimit": 3],
      columns: ["Name", "Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Age"],
      cells: ["x", "*/5 * * * *", "<none>", "False", 0, "<none>"]),
    Row(
      path: "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
      yaml: "spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}}",
      expected: ["spec.minReplicas": 1, "spec.metrics.0.resource.target.averageUtilization": 80],
      columns: ["Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"],
      cells: ["x", "Deployment/d", "cpu: <unknown>/80%", "1", 3, 0]),
    Row(
      path: "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers",
      yaml:
        "spec: {maxReplicas: 3, targetCPUUtilizationPercentage: 50, scaleTargetRef: {kind: Deployment, name: d}}",
      expected: ["spec.minReplicas": 1], columns: ["Name", "Reference", "Targets"],
      cells: ["x", "Deployment/d", "cpu: <unknown>/50%"]),
    Row(
      path: "/api/v1/namespaces/default/persistentvolumeclaims",
      yaml: "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}",
      expected: ["spec.volumeMode": "Filesystem", "status.phase": "Pending"],
      columns: ["Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass"],
      cells: ["x", "Pending"]),
    Row(
      path: "/api/v1/persistentvolumes",
      yaml: "spec: {accessModes: [ReadOnlyMany], capacity: {storage: 1Gi}, hostPath: {path: /data}}",
      expected: ["spec.persistentVolumeReclaimPolicy": "Retain"],
      columns: ["Name", "Capacity", "Access Modes", "Reclaim Policy", "Status"],
      cells: ["x", "1Gi", "ROX", "Retain", "Available"]),
    Row(
      path: "/apis/storage.k8s.io/v1/storageclasses", yaml: "provisioner: example.com/p",
      expected: ["reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"],
      columns: ["Name", "Provisioner", "ReclaimPolicy"], cells: ["x", "example.com/p", "Delete"]),
    Row(
      path: "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
      yaml:
        "spec: {ingressClassName: c, rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}",
      columns: ["Name", "Class", "Hosts", "Address", "Ports", "Age"],
      cells: ["x", "c", "a.example.com", "", "80"]),
    Row(
      path: "/apis/networking.k8s.io/v1/ingressclasses", yaml: "spec: {controller: example.com/c}",
      columns: ["Name", "Controller", "Parameters"], cells: ["x", "example.com/c", "<none>"]),
    Row(
      path: "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
      yaml: "spec: {podSelector: {matchLabels: {a: b}}, egress: [{ports: [{port: 53}]}]}",
      expected: ["spec.policyTypes": ["Ingress", "Egress"], "spec.egress.0.ports.0.protocol": "TCP"],
      columns: ["Name", "Pod-Selector", "Age"], cells: ["x", "a=b"]),
    Row(
      path: "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
      yaml: "spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}",
      columns: ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions"],
      cells: ["x", "1", "N/A", 0]),
    Row(
      path: "/apis/scheduling.k8s.io/v1/priorityclasses", yaml: "value: 1000",
      expected: ["preemptionPolicy": "PreemptLowerPriority"],
      columns: ["Name", "Value", "Global-Default"], cells: ["x", 1000, false]),
    Row(
      path: "/api/v1/namespaces/default/resourcequotas", yaml: "spec: {hard: {pods: '3', limits.cpu: '4'}}",
      columns: ["Name", "Request", "Limit", "Age"], cells: ["x", "pods: 0/3", "limits.cpu: 0/4"]),
    Row(
      path: "/api/v1/namespaces/default/limitranges",
      yaml: "spec: {limits: [{type: Container, default: {cpu: '1'}}]}", columns: ["Name", "Created At"]),
    Row(
      path: "/apis/gateway.networking.k8s.io/v1/namespaces/default/grpcroutes",
      yaml: "spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: s, port: 80}]}]}",
      expected: ["spec.rules.0.backendRefs.0.weight": 1, "spec.parentRefs.0.kind": "Gateway"],
      columns: ["Name"]),
    Row(
      path: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
      yaml: "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]", columns: ["Name", "Created At"]),
    Row(
      path: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
      yaml: "roleRef: {kind: Role, name: r}\nsubjects: [{kind: User, name: u}]",
      expected: [
        "roleRef.apiGroup": "rbac.authorization.k8s.io", "subjects.0.apiGroup": "rbac.authorization.k8s.io",
      ], columns: ["Name", "Role", "Age"], cells: ["x", "Role/r"]),
    Row(
      path: "/apis/apps/v1/namespaces/default/controllerrevisions", yaml: "revision: 3\ndata: {spec: {}}",
      columns: ["Name", "Controller", "Revision"], cells: ["x", "<none>", 3]),
    Row(
      path: "/apis/coordination.k8s.io/v1/namespaces/default/leases", yaml: "spec: {holderIdentity: me}",
      columns: ["Name", "Holder", "Age"], cells: ["x", "me"]),
  ]

  private func value(_ json: JSONValue, _ path: String) -> JSONValue? {
    path.split(separator: ".").reduce(Optional(json)) { value, step in
      Int(step).flatMap { value?[$0] } ?? value?[String(step)]
    }
  }

  @Test(arguments: rows) func aKindIsStoredDefaultedAndShown(row: Row) async throws {
    try await TestServer.run { server in
      let created = try await server.json(
        KubeRequest(
          method: "POST", path: row.path, query: [("fieldValidation", "Strict")],
          body: .bytes(Bytes("metadata: {name: x}\n\(row.yaml)\n".utf8), contentType: "application/yaml")))
      #expect(created.status == 201, "\(created.json["message"]?.string ?? "")")
      for (path, wanted) in row.expected { #expect(value(created.json, path) == wanted, "\(path)") }
      let table = try await server.get(
        "\(row.path)/x", accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
      let columns = (table["columnDefinitions"]?.array ?? []).compactMap { $0["name"]?.string }
      #expect(Array(columns.prefix(row.columns.count)) == row.columns)
      let cells = table["rows"]?[0]?["cells"]?.array ?? []
      #expect(Array(cells.prefix(row.cells.count)) == row.cells)
      // Replaced by itself, nothing changes.
      let again = try await server.json(
        KubeRequest(method: "PUT", path: "\(row.path)/x", body: .json(created.json)))
      #expect(again.json == created.json)
    }
  }

  struct Refusal: Sendable, CustomTestStringConvertible {
    var path: String
    var yaml: String
    var message: String
    var testDescription: String { message }
  }

  static let refusals: [Refusal] = [
    Refusal(
      path: "/apis/batch/v1/namespaces/default/jobs",
      yaml: "spec: {template: {spec: {containers: [{name: m, image: i:1}]}}}",
      message:
        #"spec.template.spec.restartPolicy: Unsupported value: "Always": supported values: "OnFailure", "Never""#
    ),
    Refusal(
      path: "/apis/batch/v1/namespaces/default/cronjobs",
      yaml:
        "spec: {schedule: often, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i:1}]}}}}}",
      message: "spec.schedule: Invalid value: \"often\": expected exactly 5 fields, found 1: [often]"),
    Refusal(
      path: "/api/v1/namespaces/default/persistentvolumeclaims",
      yaml: "spec: {resources: {requests: {storage: 1Gi}}}",
      message: "spec.accessModes: Required value: at least 1 access mode is required"),
    Refusal(
      path: "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
      yaml: "spec: {minReplicas: 5, maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}}",
      message: "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"),
    Refusal(
      path: "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
      yaml:
        "spec: {rules: [{http: {paths: [{path: x, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}",
      message: "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path"),
    Refusal(
      path: "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
      yaml: "spec: {minAvailable: 1, maxUnavailable: 1}",
      message: "minAvailable and maxUnavailable cannot be both set"),
    Refusal(
      path: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
      yaml: "rules: [{resources: [pods]}]",
      message: "rules[0].verbs: Required value"),
  ]

  @Test(arguments: refusals) func mistakesAreRefusedInUpstreamsWords(row: Refusal) async throws {
    try await TestServer.run { server in
      let answer = try await server.json(
        KubeRequest(
          method: "POST", path: row.path,
          body: .bytes(Bytes("metadata: {name: x}\n\(row.yaml)\n".utf8), contentType: "application/yaml")))
      #expect(answer.status == 422)
      #expect(answer.json["message"]?.string?.contains(row.message) == true, "\(answer.json.encodedText)")
    }
  }

  @Test func anAutoscalerIsSeenInBothVersions() async throws {
    try await TestServer.run { server in
      let path = { (version: String) in
        "/apis/autoscaling/\(version)/namespaces/default/horizontalpodautoscalers"
      }
      let memory: JSONValue = [
        "type": "Resource",
        "resource": ["name": "memory", "target": ["type": "Utilization", "averageUtilization": 70]],
      ]
      let cpu: JSONValue = [
        "type": "Resource",
        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 50]],
      ]
      let created = try await server.json(
        KubeRequest(
          method: "POST", path: path("v2"),
          body: .json([
            "metadata": ["name": "h"],
            "spec": [
              "maxReplicas": 3, "scaleTargetRef": ["kind": "Deployment", "name": "d"],
              "metrics": [cpu, memory],
              "behavior": ["scaleDown": ["stabilizationWindowSeconds": 10]],
            ],
          ])))
      #expect(created.status == 201)
      let first = try await server.get(path("v1") + "/h")
      #expect(first["apiVersion"] == "autoscaling/v1")
      #expect(first.at("spec", "targetCPUUtilizationPercentage") == 50)
      #expect(first.at("spec", "metrics") == nil)
      // Written back through the old version, the new one has lost nothing.
      var changed = first
      changed.set(9, at: "spec", "maxReplicas")
      let put = try await server.json(
        KubeRequest(method: "PUT", path: path("v1") + "/h", body: .json(changed)))
      #expect(put.status == 200)
      let second = try await server.get(path("v2") + "/h")
      #expect(second.at("spec", "maxReplicas") == 9)
      #expect(second.at("spec", "metrics") == [cpu, memory])
      #expect(second.at("spec", "behavior", "scaleDown", "stabilizationWindowSeconds") == 10)
      #expect(second.at("metadata", "annotations") == nil)
    }
  }
}
