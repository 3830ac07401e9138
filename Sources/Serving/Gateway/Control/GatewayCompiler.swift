internal import HTTPTransport
internal import KubeProtocol

/// Makes tables, one after the other, each from the one before and what has changed since: the work is that
/// of the change, however many routes there are.
struct GatewayCompiler {
  /// A table with what the statuses shall say once it is in use.
  struct Result: Sendable {
    var table: RouteTable
    /// Of the routes that were looked at; nil for one that none of our gateways has.
    var routes: [ObjectKey: RouteReport?]
    var gateways: [GatewaySpec]
    /// Attached routes per gateway and listener.
    var attached: [ObjectKey: [String: Int64]]
    /// Named by the last table and no more by this one.
    var gone: [HTTPUpstream]
  }

  /// A route, and what of it is in the table.
  private struct Entry {
    var spec: RouteSpec
    var attachment: RouteAttachment?
    /// Services that it refers to.
    var services: Set<ObjectKey> = []
  }

  private var entries: [ObjectKey: Entry] = [:]
  private var frame = RouteAttachment.Frame()
  private var attached: [ObjectKey: [String: Int64]] = [:]
  private var catalog: ServiceCatalog
  private var builder = RouteTableBuilder()

  /// - Parameter loops: that the tables are for.
  init(loops: Int = 1) { catalog = ServiceCatalog(loops: loops) }

  mutating func compile(_ update: GatewayUpdate) -> Result {
    var dirty: Set<ObjectKey> = []
    if let gateways = update.gateways {
      frame.gateways = Dictionary(gateways.map { ($0.key, GatewaySpec($0)) }) { first, _ in first }
      dirty = Set(entries.keys)
    }
    for (name, labels) in update.namespaces where frame.namespaces[name] != labels {
      frame.namespaces[name] = labels
      dirty.formUnion(entries.keys.lazy.filter { $0.namespace == name })
    }
    for (key, state) in update.services { dirty.formUnion(catalog.update(key, state)) }
    var reports: [ObjectKey: RouteReport?] = [:]
    var touched = Set(update.services.keys)
    for (key, object) in update.routes {
      dirty.remove(key)
      let old = entries[key]
      // A form of the same version says the same; what it depends on may have changed all the same.
      let spec = object.map { object in
        if let old, !object.resourceVersion.isEmpty, old.spec.resourceVersion == object.resourceVersion,
          old.spec.uid == object.uid
        {
          return old.spec
        }
        return RouteSpecReader.read(object)
      }
      replace(key, with: spec, &touched, &reports)
    }
    for key in dirty { replace(key, with: entries[key]?.spec, &touched, &reports) }
    let (gates, gone) = catalog.finishRound(touched: touched)
    for (key, backend) in gates { builder.setGate(key, backend) }
    return Result(
      table: builder.makeTable(), routes: reports,
      gateways: frame.gateways.values.sorted { $0.key < $1.key }, attached: attached, gone: gone)
  }

  /// Takes a route out of the table, and puts its new form in.
  private mutating func replace(
    _ key: ObjectKey, with spec: RouteSpec?, _ touched: inout Set<ObjectKey>,
    _ reports: inout [ObjectKey: RouteReport?]
  ) {
    if let old = entries.removeValue(forKey: key) {
      for host in old.attachment?.hosts ?? [] { builder.remove(route: key, from: host) }
      count(old.attachment, -1)
      catalog.forget(old.services, of: key)
      touched.formUnion(old.services)
    }
    guard let spec else {
      reports[key] = .some(nil)
      return
    }
    var entry = Entry(spec: spec)
    var problem: Backend.ReferenceProblem?
    // Routes of other gateways are left alone.
    if spec.parents.contains(where: { $0.gateway.map { frame.gateways[$0] != nil } ?? false }) {
      let rules = compile(spec, &entry.services, &problem)
      entry.attachment = RouteAttachment(spec, frame: frame, problem: problem)
      for host in entry.attachment?.hosts ?? [] { builder.add(rules, to: host) }
    }
    count(entry.attachment, 1)
    entries[key] = entry
    touched.formUnion(entry.services)
    reports[key] = .some(entry.attachment?.report)
  }

  private mutating func count(_ attachment: RouteAttachment?, _ difference: Int64) {
    for (gateway, listeners) in attachment?.listeners ?? [:] {
      for (name, count) in listeners {
        attached[gateway, default: [:]][name, default: 0] += count * difference
      }
    }
  }

  private mutating func compile(
    _ route: RouteSpec, _ services: inout Set<ObjectKey>, _ problem: inout Backend.ReferenceProblem?
  ) -> [CompiledRule] {
    var compiled: [CompiledRule] = []
    for (index, rule) in route.rules.enumerated() {
      var backends: [(Backend, RouteFilters, weight: Int64)] = []
      for reference in rule.backends {
        let backend = catalog.backend(reference, of: route.key)
        services.insert(backend.service)
        if problem == nil { problem = backend.problem }
        backends.append((backend, reference.filters, reference.weight))
      }
      for match in rule.matches {
        var prefix = ""
        if case .elements(let text) = match.path { prefix = text }
        let target = RouteTarget(
          route: route.key, filters: rule.filters, timeout: rule.timeout, backends: backends,
          matchedPrefix: prefix)
        compiled.append(CompiledRule(match: match, target: target, created: route.created, ruleIndex: index))
      }
    }
    return compiled
  }
}
