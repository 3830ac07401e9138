import Basics
import Formats
import HTTPTransport
import HTTPWire
import KubeClient
import KubeProtocol
import Testing

@testable import APIServer

@Suite struct AccessTests {
  private let account = KubeUser.serviceAccount(namespace: "default", name: "reader", uid: "")
  private static let roles = KubeResource(
    group: "rbac.authorization.k8s.io", version: "v1", plural: "roles", kind: "Role", isNamespaced: true)
  private static let bindings = KubeResource(
    group: "rbac.authorization.k8s.io", version: "v1", plural: "rolebindings", kind: "RoleBinding",
    isNamespaced: true)

  private func send(
    _ server: TestServer, _ method: String, _ path: String, as user: KubeUser, _ body: JSONValue? = nil,
    query: [(name: String, value: String)] = []
  ) async throws -> (status: Int, json: JSONValue, warnings: [String]) {
    try await server.json(
      KubeRequest(
        method: method, path: path, query: query, body: body.map { .json($0) } ?? .none, userAgent: "test",
        user: user))
  }

  private func grant(_ server: TestServer, _ rules: JSONValue) async throws {
    var role = KubeObject(Self.roles, namespace: "default", name: "r")
    role["rules"] = rules
    try await server.client.create(Self.roles, role)
    var binding = KubeObject(Self.bindings, namespace: "default", name: "b")
    binding["roleRef"] = ["kind": "Role", "name": "r"]
    binding["subjects"] = [["kind": "ServiceAccount", "name": "reader", "namespace": "default"]]
    try await server.client.create(Self.bindings, binding)
  }

  @Test func nothingIsAllowedWithoutARole() async throws {
    try await TestServer.run { server in
      let list = try await send(server, "GET", "/api/v1/namespaces/default/pods", as: account)
      #expect(list.status == 403)
      #expect(
        list.json["message"]
          == #"pods is forbidden: User "system:serviceaccount:default:reader" cannot list resource "pods" in API group "" in the namespace "default""#
      )
      #expect(list.json["reason"] == "Forbidden")
      let get = try await send(server, "GET", "/apis/apps/v1/namespaces/default/deployments/d", as: account)
      #expect(
        get.json["message"]
          == #"deployments.apps "d" is forbidden: User "system:serviceaccount:default:reader" cannot get resource "deployments" in API group "apps" in the namespace "default""#
      )
      let nodes = try await send(server, "GET", "/api/v1/nodes", as: account, query: [("watch", "true")])
      #expect(
        nodes.json["message"]
          == #"nodes is forbidden: User "system:serviceaccount:default:reader" cannot watch resource "nodes" in API group "" at the cluster scope"#
      )
      let path = try await send(server, "GET", "/metrics", as: account)
      #expect(
        path.json["message"]
          == #"forbidden: User "system:serviceaccount:default:reader" cannot get path "/metrics""#)
      // Everybody may look around.
      #expect(try await send(server, "GET", "/apis", as: account).status == 200)
      #expect(try await send(server, "GET", "/api/v1", as: account).status == 200)
    }
  }

  @Test func aRoleAllowsWhatItNamesAndNothingElse() async throws {
    try await TestServer.run { server in
      try await grant(
        server,
        [
          ["apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]],
          ["apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["*"]],
          ["apiGroups": ["apps"], "resources": ["*/scale"], "verbs": ["update"]],
        ])
      func status(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> Int {
        try await send(server, method, path, as: account, body).status
      }
      #expect(try await status("GET", "/api/v1/namespaces/default/pods") == 200)
      #expect(try await status("GET", "/api/v1/pods") == 403)
      #expect(try await status("GET", "/api/v1/namespaces/kube-system/pods") == 403)
      #expect(try await status("GET", "/api/v1/namespaces/default/pods/p/log") == 404)
      #expect(try await status("DELETE", "/api/v1/namespaces/default/pods/p") == 403)
      #expect(try await status("GET", "/api/v1/namespaces/default/configmaps/mine") == 404)
      #expect(try await status("GET", "/api/v1/namespaces/default/configmaps/other") == 403)
      #expect(try await status("GET", "/api/v1/namespaces/default/configmaps") == 403)
      let scale: JSONValue = ["spec": ["replicas": 1]]
      #expect(try await status("PUT", "/apis/apps/v1/namespaces/default/deployments/d/scale", scale) == 404)
      #expect(try await status("GET", "/apis/apps/v1/namespaces/default/deployments/d/scale") == 403)
    }
  }

  @Test func reviewsTellWhatWouldBeAllowed() async throws {
    try await TestServer.run { server in
      try await grant(server, [["apiGroups": [""], "resources": ["pods"], "verbs": ["list"]]])
      func mayI(_ verb: String, as user: KubeUser) async throws -> JSONValue? {
        try await send(
          server, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", as: user,
          [
            "spec": [
              "resourceAttributes": ["verb": .string(verb), "resource": "pods", "namespace": "default"]
            ]
          ]
        ).json.at("status", "allowed")
      }
      #expect(try await mayI("list", as: account) == true)
      #expect(try await mayI("delete", as: account) == false)
      #expect(try await mayI("delete", as: APIServer.administrator) == true)
      let other = try await send(
        server, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", as: APIServer.administrator,
        [
          "spec": [
            "user": "system:serviceaccount:default:reader",
            "resourceAttributes": ["verb": "list", "resource": "pods", "namespace": "default"],
          ]
        ])
      #expect(other.json.at("status", "allowed") == true)
      let rules = try await send(
        server, "POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", as: account,
        ["spec": ["namespace": "default"]])
      let found = rules.json.at("status", "resourceRules")?.array ?? []
      #expect(found.contains(["verbs": ["list"], "apiGroups": [""], "resources": ["pods"]]))
      let who = try await send(
        server, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", as: account, [:])
      #expect(who.json.at("status", "userInfo", "username") == "system:serviceaccount:default:reader")
    }
  }

  @Test func nobodyGrantsMoreThanHeHas() async throws {
    try await TestServer.run { server in
      try await grant(
        server,
        [
          [
            "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"],
            "verbs": ["*"],
          ],
          ["apiGroups": [""], "resources": ["pods"], "verbs": ["get"]],
        ])
      let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
      func role(_ name: String, _ verb: String) -> JSONValue {
        [
          "metadata": ["name": .string(name)],
          "rules": [["apiGroups": [""], "resources": ["pods"], "verbs": [.string(verb)]]],
        ]
      }
      #expect(try await send(server, "POST", path, as: account, role("small", "get")).status == 201)
      // The role's own verbs hold `escalate` here.
      var narrow = account
      narrow.name = "plain"
      #expect(try await send(server, "POST", path, as: narrow, role("none", "get")).status == 403)
    }
  }

  private static let rolePath = "/apis/rbac.authorization.k8s.io/v1"

  @Test func aRoleThatDoesNotExistYetCannotBeBound() async throws {
    try await TestServer.run { server in
      try await grant(
        server,
        [
          ["apiGroups": ["rbac.authorization.k8s.io"], "resources": ["rolebindings"], "verbs": ["create"]]
        ])
      let binding: JSONValue = [
        "metadata": ["name": "later"],
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "to-come"],
        "subjects": [["kind": "ServiceAccount", "name": "reader", "namespace": "default"]],
      ]
      let path = "\(Self.rolePath)/namespaces/default/rolebindings"
      let answer = try await send(server, "POST", path, as: account, binding)
      #expect(answer.status == 404)
      #expect(
        answer.json["message"] == #"clusterroles.rbac.authorization.k8s.io "to-come" not found"#)
    }
  }

  @Test func onlyAnAdministratorAggregatesRoles() async throws {
    try await TestServer.run { server in
      let update: JSONValue = [
        "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["create"],
      ]
      for (kind, path) in [("ClusterRole", "clusterroles"), ("ClusterRoleBinding", "clusterrolebindings")] {
        let body: JSONValue =
          kind == "ClusterRole"
          ? ["metadata": ["name": "keeper"], "rules": [update]]
          : [
            "metadata": ["name": "keeper"],
            "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "keeper"],
            "subjects": [["kind": "ServiceAccount", "name": "reader", "namespace": "default"]],
          ]
        let made = try await server.json(
          KubeRequest(method: "POST", path: "\(Self.rolePath)/\(path)", body: .json(body)))
        #expect(made.status == 201)
      }
      let everything: JSONValue = [
        "metadata": ["name": "all"],
        "aggregationRule": [
          "clusterRoleSelectors": [["matchLabels": ["kubernetes.io/bootstrapping": "rbac-defaults"]]]
        ],
      ]
      let answer = try await send(server, "POST", "\(Self.rolePath)/clusterroles", as: account, everything)
      #expect(answer.status == 403)
      #expect(answer.json["message"]?.string?.hasSuffix("privileges to use the aggregationRule") == true)
      let many = JSONValue.array((0..<400).map { .string("x\($0)") })
      let huge: JSONValue = [
        "metadata": ["name": "huge"],
        "rules": [["apiGroups": many, "resources": many, "verbs": many, "resourceNames": many]],
      ]
      let refused = try await send(server, "POST", "\(Self.rolePath)/clusterroles", as: account, huge)
      #expect(refused.status == 403)
      #expect(refused.json["message"]?.string?.hasSuffix("split it") == true)
    }
  }

  @Test func aWatchOfOneNameNeedsARoleForThatName() async throws {
    try await TestServer.run { server in
      try await grant(
        server,
        [
          [
            "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"],
            "verbs": ["list", "watch"],
          ]
        ])
      let path = "/api/v1/namespaces/default/secrets"
      func list(_ selector: String) async throws -> Int {
        try await send(server, "GET", path, as: account, query: [("fieldSelector", selector)]).status
      }
      #expect(try await list("metadata.name=mine") == 200)
      #expect(try await list("metadata.name=other") == 403)
      #expect(try await list("metadata.name!=mine") == 403)
      #expect(try await list("type=Opaque") == 403)
    }
  }

  @Test func aTokenStandsForItsAccountUntilItEnds() async throws {
    try await TestServer.run { server in
      let path = "/api/v1/namespaces/default/serviceaccounts/default/token"
      let answer = try await server.json(
        KubeRequest(method: "POST", path: path, body: .json(["spec": ["expirationSeconds": 600]])))
      #expect(answer.status == 201)
      let token = try #require(answer.json.at("status", "token")?.string)
      let user = try #require(try await server.server.authenticate(token: token))
      #expect(user.name == "system:serviceaccount:default:default")
      #expect(user.groups.contains("system:serviceaccounts:default"))
      #expect(try await server.server.authenticate(token: token + "x") == nil)
      var parts = token.split(separator: ".").map(String.init)
      parts[1] = String(parts[1].dropLast(4)) + "AAAA"
      #expect(try await server.server.authenticate(token: parts.joined(separator: ".")) == nil)
      let review = try await server.json(
        KubeRequest(
          method: "POST", path: "/apis/authentication.k8s.io/v1/tokenreviews",
          body: .json(["spec": ["token": .string(token)]])))
      #expect(review.json.at("status", "authenticated") == true)
      server.clock.advance(.seconds(601))
      #expect(try await server.server.authenticate(token: token) == nil)
    }
  }

  @Test func aTokenEndsWithItsPodAndItsAccount() async throws {
    try await TestServer.run { server in
      let pod = try await server.client.create(.pods, .pod("p"))
      let path = "/api/v1/namespaces/default/serviceaccounts/default/token"
      let answer = try await server.json(
        KubeRequest(
          method: "POST", path: path,
          body: .json([
            "spec": [
              "boundObjectRef": ["kind": "Pod", "apiVersion": "v1", "name": "p", "uid": .string(pod.uid)]
            ]
          ])))
      let token = try #require(answer.json.at("status", "token")?.string)
      #expect(
        try await server.server.authenticate(token: token)?.extra["authentication.kubernetes.io/pod-name"]
          == ["p"])
      try await server.client.delete(.pods, namespace: "default", name: "p", gracePeriodSeconds: 0)
      try await server.waitUntilGone(.pods, namespace: "default", name: "p")
      #expect(try await server.server.authenticate(token: token) == nil)
    }
  }

  @Test func tokenRequestsThatMakeNoSenseAreRefused() async throws {
    try await TestServer.run { server in
      func status(_ name: String, _ spec: JSONValue) async throws -> Int {
        try await server.json(
          KubeRequest(
            method: "POST", path: "/api/v1/namespaces/default/serviceaccounts/\(name)/token",
            body: .json(["spec": spec]))
        ).status
      }
      let nobody = try await status("nobody", [:])
      #expect(nobody == 404)
      #expect(try await status("default", ["expirationSeconds": 5]) == 422)
      #expect(try await status("default", ["boundObjectRef": ["kind": "Pod", "name": "x"]]) == 404)
      #expect(try await status("default", ["boundObjectRef": ["kind": "Secret", "name": "x"]]) == 400)
    }
  }

  @Test func theBorderLetsAccountsInAndActsForOthers() async throws {
    try await TestServer.run { server in
      let handler = APIServerHTTPHandler(server: server.server, tokens: ["admin-token"])
      let answer = try await server.json(
        KubeRequest(
          method: "POST", path: "/api/v1/namespaces/default/serviceaccounts/default/token", body: .json([:])))
      let token = answer.json.at("status", "token")?.string ?? ""
      func status(_ path: String, _ headers: HTTPHeaders) async -> Int {
        let head = HTTPRequestHead(method: "GET", target: path, headers: headers)
        return await handler.respond(to: AsyncHTTPRequest(head: head)).head.status
      }
      let pods = "/api/v1/namespaces/default/pods"
      #expect(await status(pods, [:]) == 401)
      #expect(await status(pods, ["Authorization": "Bearer nonsense"]) == 401)
      #expect(await status(pods, ["Authorization": "Bearer admin-token"]) == 200)
      #expect(await status("/api", ["Authorization": "Bearer \(token)"]) == 200)
      #expect(await status(pods, ["Authorization": "Bearer \(token)"]) == 403)
      #expect(
        await status(pods, ["Authorization": "Bearer admin-token", "Impersonate-User": "somebody"]) == 403)
      #expect(
        await status(
          pods,
          [
            "Authorization": "Bearer admin-token", "Impersonate-User": "root",
            "Impersonate-Group": "system:masters",
          ]) == 200)
      #expect(
        await status(pods, ["Authorization": "Bearer \(token)", "Impersonate-User": "apus-admin"]) == 403)
    }
  }
}
