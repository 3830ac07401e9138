import Basics
import Formats
import KubeProtocol
import Testing

@testable import Gateway

struct StatusTests {
  private let now = Timestamp(seconds: 1_000_000)
  private let later = Timestamp(seconds: 2_000_000)
  private let controller = "apus.dev/gateway-controller"

  private func report(services: [KubeObject]) -> (KubeObject, RouteReport?) {
    let route = RouteObjects.route("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    let result = RouteObjects.compile([route], services: services)
    return (route, result.routes[route.key] ?? nil)
  }

  @Test func acceptedRoutesSayWhichGenerationIsInUse() throws {
    let (route, report) = report(services: [RouteObjects.service("s")])
    let status = try #require(RouteStatus.make(report, for: route, controller: controller, now: now))
    let parent = try #require(status["parents"]?[0])
    #expect(parent["parentRef"] == RouteObjects.parent)
    #expect(parent["controllerName"] == .string(controller))
    let conditions = parent["conditions"]?.array ?? []
    #expect(conditions.map { $0["type"]?.string } == ["Accepted", "ResolvedRefs"])
    #expect(conditions.allSatisfy { $0["status"] == "True" && $0["observedGeneration"] == 1 })
  }

  @Test func anUnchangedStatusIsNotWrittenAndKeepsItsTimes() throws {
    var (route, report) = report(services: [RouteObjects.service("s")])
    route.status = RouteStatus.make(report, for: route, controller: controller, now: now)
    #expect(RouteStatus.make(report, for: route, controller: controller, now: later) == nil)
    let (_, broken) = self.report(services: [])
    let status = try #require(RouteStatus.make(broken, for: route, controller: controller, now: later))
    let conditions = status.at("parents")?[0]?["conditions"]?.array ?? []
    #expect(conditions[0]["lastTransitionTime"] == .string(now.rfc3339))
    #expect(conditions[1]["lastTransitionTime"] == .string(later.rfc3339))
    #expect(conditions[1]["reason"] == "BackendNotFound")
    #expect(conditions[1]["message"] == "service default/s does not exist")
  }

  @Test func entriesOfOtherControllersStay() throws {
    var (route, report) = report(services: [RouteObjects.service("s")])
    let foreign: JSONValue = [
      "parentRef": ["name": "other"], "controllerName": "example.com/x", "conditions": [],
    ]
    route.status = ["parents": [foreign]]
    let status = try #require(RouteStatus.make(report, for: route, controller: controller, now: now))
    #expect(status["parents"]?.array?.count == 2)
    #expect(status["parents"]?[1] == foreign)
    // A route that no longer names one of our gateways loses our entry.
    route.status = status
    #expect(
      RouteStatus.make(nil, for: route, controller: controller, now: now) == ["parents": [foreign]])
  }

  @Test func gatewaysTellTheirListenersAndRoutes() throws {
    let object = RouteObjects.gateway([
      RouteObjects.listener(), RouteObjects.listener(["name": "tls", "protocol": "HTTPS", "port": 443]),
    ])
    let route = RouteObjects.route("r", hostnames: ["h"], rules: [RouteObjects.rule(to: "s")])
    let result = RouteObjects.compile([route], gateways: [object])
    let spec = try #require(result.gateways.first)
    let status = try #require(
      GatewayStatus.make(
        spec, attached: result.attached[spec.key] ?? [:], addresses: ["127.0.0.1", "::1"], for: object,
        now: now))
    #expect(status["addresses"]?[1]?["value"] == "::1")
    #expect((status["conditions"]?.array ?? []).allSatisfy { $0["status"] == "True" })
    #expect(status["listeners"]?[0]?["attachedRoutes"] == 1)
    let second = status["listeners"]?[1]
    #expect(second?["attachedRoutes"] == 0)
    #expect(second?["conditions"]?[0]?["reason"] == "UnsupportedProtocol")
    var written = object
    written.status = status
    #expect(
      GatewayStatus.make(
        spec, attached: result.attached[spec.key] ?? [:], addresses: ["127.0.0.1", "::1"], for: written,
        now: later)
        == nil)
  }

  @Test func classesAreAcceptedOnce() throws {
    var object = KubeObject(.gatewayClasses, name: "apus")
    object.spec = ["controllerName": .string(controller)]
    object.status = GatewayStatus.makeClass(for: object, now: now)
    #expect(object.status?["conditions"]?[0]?["type"] == "Accepted")
    #expect(GatewayStatus.makeClass(for: object, now: later) == nil)
  }
}
