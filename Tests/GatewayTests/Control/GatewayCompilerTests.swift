import Formats
import HTTPTransport
import HTTPWire
import KubeProtocol
import Testing

@testable import Gateway

/// Each table is made from the one before and what has changed since.
struct GatewayCompilerTests {
  private static let count = 300

  private static func name(_ number: Int) -> String { "m\(number)" }

  private static func route(_ number: Int, version: String = "1", host: String? = nil) -> KubeObject {
    var route = RouteObjects.route(
      name(number), hostnames: [host ?? "\(name(number)).localhost"],
      rules: [RouteObjects.rule(to: name(number))])
    route.resourceVersion = version
    return route
  }

  private static func slice(_ number: Int, _ addresses: String...) -> KubeObject {
    RouteObjects.slice(name(number), addresses: addresses.map { ($0, true) })
  }

  private static func made() -> (GatewayCompiler, GatewayCompiler.Result) {
    var compiler = GatewayCompiler()
    let numbers = 0..<count
    let result = compiler.compile(
      RouteObjects.update(
        numbers.map { route($0) }, services: numbers.map { RouteObjects.service(name($0)) },
        slices: numbers.map { slice($0, "127.1.\($0 / 250).\($0 % 250 + 1)") }))
    return (compiler, result)
  }

  private func endpoints(_ table: RouteTable, _ host: String) -> [String]? {
    guard case .found(let rule) = table.find(host: host, HTTPRequestHead(method: "GET", target: "/")) else {
      return nil
    }
    return rule.target.backends.first?.backend.endpoints.map(\.upstream.address.host)
  }

  @Test func aChangeAmongManyRoutesLooksAtTheOneThatItConcerns() throws {
    var (compiler, first) = Self.made()
    #expect(first.routes.count == Self.count)
    #expect(first.table.hostCount == Self.count)
    // An endpoint that comes.
    var update = GatewayUpdate()
    update.services[ObjectKey(namespace: "default", name: "m7")] = .init(
      object: RouteObjects.service("m7"), slices: [Self.slice(7, "127.1.0.8", "127.9.0.1")])
    let second = compiler.compile(update)
    #expect(Set(second.routes.keys) == [Self.route(7).key])
    #expect(endpoints(second.table, "m7.localhost") == ["127.1.0.8", "127.9.0.1"])
    #expect(endpoints(second.table, "m8.localhost") == ["127.1.0.9"])
    #expect(second.gone.isEmpty)
    // A route that gets another host: the earlier table stays as it was.
    let third = compiler.compile(
      RouteObjects.update([Self.route(7, version: "2", host: "other.localhost")], gateways: nil))
    #expect(third.routes.count == 1)
    #expect(endpoints(third.table, "m7.localhost") == nil)
    #expect(endpoints(third.table, "other.localhost") == ["127.1.0.8", "127.9.0.1"])
    #expect(endpoints(second.table, "m7.localhost") == ["127.1.0.8", "127.9.0.1"])
    #expect(third.table.hostCount == Self.count)
  }

  @Test func whatGoesLeavesNothingBehind() {
    var (compiler, _) = Self.made()
    var update = GatewayUpdate()
    let key = Self.route(3).key
    update.routes[key] = .some(nil)
    let result = compiler.compile(update)
    #expect(result.table.hostCount == Self.count - 1)
    #expect(result.gone.map(\.address.host) == ["127.1.0.4"])
    #expect(Set(result.routes.keys) == [key] && (result.routes[key] ?? nil) == nil)
    #expect(
      result.attached[ObjectKey(namespace: "kserve", name: "gw")] == ["http": Int64(Self.count - 1)])
  }

  @Test func aServiceThatComesLateIsFoundByTheRoutesThatNameIt() throws {
    var compiler = GatewayCompiler()
    let first = compiler.compile(RouteObjects.update([Self.route(1), Self.route(2)]))
    #expect(try #require(first.routes[Self.route(1).key] ?? nil).parents[0].problem != nil)
    let second = compiler.compile(
      RouteObjects.update(
        [], gateways: nil, services: [RouteObjects.service("m1")], slices: [Self.slice(1, "127.1.0.1")]))
    #expect(Set(second.routes.keys) == [Self.route(1).key])
    #expect(try #require(second.routes[Self.route(1).key] ?? nil).parents[0].problem == nil)
    #expect(endpoints(second.table, "m1.localhost") == ["127.1.0.1"])
  }

  @Test func aGatewayThatChangesAttachesAllAnew() {
    var (compiler, _) = Self.made()
    let closed = RouteObjects.gateway([RouteObjects.listener(["hostname": "m1.localhost"])])
    let result = compiler.compile(RouteObjects.update([], gateways: [closed]))
    #expect(result.routes.count == Self.count)
    #expect(result.table.hostCount == 1)
  }

  @Test func gatesAreToldWhereTheyChange() {
    func service(_ scaledBy: String) -> KubeObject {
      var service = RouteObjects.service("m1")
      service.annotations = ["apus.dev/scaled-by": scaledBy]
      return service
    }
    var compiler = GatewayCompiler()
    let first = compiler.compile(
      RouteObjects.update([Self.route(1), Self.route(2)], services: [service("requests")]))
    #expect(first.table.changedGates.count == 1 && first.table.removedGates.isEmpty)
    let idle = compiler.compile(RouteObjects.update([Self.route(2, version: "2")], gateways: nil))
    #expect(idle.table.changedGates.isEmpty && Array(idle.table.gated).count == 1)
    let second = compiler.compile(
      RouteObjects.update([], gateways: nil, services: [service("requests")]))
    #expect(second.table.changedGates.first?.gate === first.table.changedGates.first?.gate)
    #expect(second.table.removedGates.isEmpty)
    let third = compiler.compile(RouteObjects.update([], gateways: nil, services: [service("")]))
    #expect(third.table.changedGates.isEmpty && third.table.removedGates.count == 1)
    #expect(Array(third.table.gated).isEmpty)
  }
}
