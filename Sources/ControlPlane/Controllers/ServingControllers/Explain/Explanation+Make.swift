internal import Basics
internal import ControllerKit
internal import Formats
internal import KubeProtocol
public import ServingAPI

extension Explanation {
  /// Explains a service from what is known about it; pure.
  public init(_ evidence: ServiceEvidence) {
    let finder = CauseFinder(evidence)
    name = evidence.service.name
    namespace = evidence.service.namespace
    isReady = finder.isReady
    cause = finder.find()
    runtimes = Self.verdicts(finder)
    var builder = ChainBuilder(evidence: evidence, finder: finder)
    builder.addService()
    chain = builder.links
  }

  /// What was refused before anything was stored.
  public init(refused cause: FailureCause, kind: String, name: String, namespace: String) {
    self.name = name
    self.namespace = namespace
    self.cause = cause
    isReady = false
    chain = [Link(0, kind, name, .failed, "refused by the API: \(cause.cause)")]
  }

  private static func verdicts(_ finder: CauseFinder) -> [RuntimeVerdict] {
    guard let selection = finder.selectionForModel else { return [] }
    let chosen = try? selection.choose().runtime
    let wanted = finder.service.predictor.model?.runtime
    return selection.candidates().map { candidate in
      let isChosen = candidate.runtime == chosen
      let reason =
        isChosen
        ? ""
        : candidate.refusal
          ?? (wanted.map { "the service names the runtime \($0)" }
            ?? "\(chosen?.name ?? "another") comes first by priority, protocol and age")
      return RuntimeVerdict(
        name: candidate.runtime.name,
        kind: candidate.runtime.isClusterWide ? "ClusterServingRuntime" : "ServingRuntime",
        isChosen: isChosen, reason: reason)
    }
  }
}

/// Walks from the service down to its processes.
struct ChainBuilder {
  let evidence: ServiceEvidence
  let finder: CauseFinder
  var links: [Explanation.Link] = []

  private static let eventLimit = 4
  private static let logLimit = 8

  init(evidence: ServiceEvidence, finder: CauseFinder) {
    self.evidence = evidence
    self.finder = finder
  }

  private mutating func add(
    _ depth: Int, _ kind: String, _ name: String, _ state: Explanation.Link.State, _ message: String
  ) {
    links.append(Explanation.Link(depth, kind, name, state, message))
  }

  mutating func addService() {
    let service = evidence.service
    let ready = Conditions.get(service.status?["conditions"], "Ready")
    if finder.service.isStopped {
      add(0, "InferenceService", service.name, .good, "stopped by the annotation \(ServingAnnotation.stop)")
      return
    }
    let state: Explanation.Link.State =
      finder.isReady ? .good : ready?.status == .no && finder.isObserved ? .failed : .waiting
    var message = finder.isReady ? service.status?["url"]?.string ?? "ready" : Self.text(ready)
    if !finder.isObserved {
      message =
        "generation \(service.generation) has not been taken up yet (the status is of "
        + "\(service.status?["observedGeneration"]?.int ?? 0))"
    }
    add(0, "InferenceService", service.name, state, message)
    addConditions(service)
    addEvents(of: service, depth: 1, onlyWarnings: true)
    for gap in evidence.gaps { add(1, "gap", service.name, .note, gap) }
    for kind in ["predictor", "transformer", "explainer"] where service.spec?[kind] != nil {
      addComponent(kind)
    }
    for route in evidence.routes.sorted(by: { $0.name < $1.name }) { addRoute(route) }
  }

  /// Those that do not say the same as `Ready` or as the objects below.
  private mutating func addConditions(_ service: KubeObject) {
    let ready = Conditions.get(service.status?["conditions"], "Ready")
    for entry in service.status?["conditions"]?.array ?? [] {
      guard let condition = Condition(json: entry), condition.type != "Ready", condition.type != "Stopped",
        condition.status != .yes
      else { continue }
      let isSame = condition.message == ready?.message && condition.reason == ready?.reason
      // What does Knative's work is told; nothing is wrong with it.
      let isBuiltIn = condition.type == "KnativeInstalled" && condition.reason == "BuiltIn"
      add(
        1, "condition", condition.type,
        isBuiltIn ? .note : condition.status == .no ? .failed : .waiting,
        isSame ? "\(condition.status.rawValue), as above" : Self.text(condition))
    }
  }

  private static func text(_ condition: Condition?) -> String {
    guard let condition else { return "no status yet" }
    let parts = [condition.reason, condition.message].filter { !$0.isEmpty }
    return parts.isEmpty ? "\(condition.type) is \(condition.status.rawValue)" : parts.joined(separator: ": ")
  }

  // MARK: components

  private mutating func addComponent(_ kind: String) {
    let status = evidence.service.status?.at("components", kind)
    let title = kind.prefix(1).uppercased() + kind.dropFirst()
    let condition = Conditions.get(evidence.service.status?["conditions"], "\(title)Ready")
    let state: Explanation.Link.State =
      condition?.status == .yes ? .good : condition?.status == .no ? .failed : .waiting
    add(1, "component", kind, state, status?["url"]?.string ?? "")
    if kind == "predictor" { addRuntime() }
    let deployments = finder.deployments(of: kind)
    for deployment in deployments { addDeployment(deployment, status) }
    if deployments.isEmpty && state != .good { add(2, "Deployment", "-", .waiting, "not made") }
  }

  private mutating func addRuntime() {
    guard let selection = finder.selectionForModel else { return }
    do throws(ServingFailure) {
      let choice = try selection.choose()
      let words = choice.protocolVersion.map { "speaks \($0)" } ?? ""
      add(
        2, choice.runtime.isClusterWide ? "ClusterServingRuntime" : "ServingRuntime", choice.runtime.name,
        .good, words)
    } catch {
      add(2, "runtime", selection.model.runtime ?? selection.model.formatName, .failed, error.cause.cause)
    }
  }

  private mutating func addDeployment(_ deployment: KubeObject, _ status: JSONValue?) {
    let wanted = deployment.spec?["replicas"]?.int ?? 1
    let available = deployment.status?["availableReplicas"]?.int ?? 0
    let revision = deployment.annotations[CauseFinder.revisionLabel]
    if let revision {
      let share = (status?["traffic"]?.array ?? []).first { $0["revisionName"]?.string == revision }
      let percent = share?["percent"]?.int.map { "\($0) % of the requests" } ?? "no requests"
      add(2, "revision", revision, available > 0 ? .good : .waiting, percent)
    }
    let depth = revision == nil ? 2 : 3
    let failure = Conditions.get(deployment.status?["conditions"], "ReplicaFailure")
    let isFailed = failure?.status == .yes
    add(
      depth, "Deployment", deployment.name, isFailed ? .failed : available >= wanted ? .good : .waiting,
      isFailed ? failure?.message ?? "" : "\(available) of \(wanted) pods available")
    let pods = PodState.newestFirst(finder.pods(of: deployment))
    let sets = evidence.replicaSets.filter { set in
      set.ownerReferences.contains { $0.uid == deployment.uid }
        && ((set.spec?["replicas"]?.int ?? 0) > 0 || pods.contains { Self.owns(set, $0) })
    }
    for set in sets.sorted(by: { $0.name < $1.name }) {
      let own = pods.filter { Self.owns(set, $0) }
      let ready = set.status?["readyReplicas"]?.int ?? 0
      let replicas = set.spec?["replicas"]?.int ?? 0
      add(
        depth + 1, "ReplicaSet", set.name, ready >= replicas ? .good : .waiting,
        "\(ready) of \(replicas) pods ready")
      if isFailed { addEvents(of: set, depth: depth + 2, onlyWarnings: true) }
      for pod in own { addPod(pod, depth: depth + 2) }
    }
    for pod in pods where !sets.contains(where: { Self.owns($0, pod) }) { addPod(pod, depth: depth + 1) }
  }

  private static func owns(_ set: KubeObject, _ pod: KubeObject) -> Bool {
    pod.ownerReferences.contains { $0.uid == set.uid }
  }

  // MARK: pods

  private mutating func addPod(_ pod: KubeObject, depth: Int) {
    let isReady = PodState.isReady(pod)
    let failure = PodFailure(pod, events: evidence.events)
    let place = [pod.status?["phase"]?.string, pod.status?["podIP"]?.string].compactMap { $0 }
    add(
      depth, "Pod", pod.name, isReady ? .good : failure == nil ? .waiting : .failed,
      place.joined(separator: ", "))
    let view = PodView(pod, events: evidence.events)
    for status in view.statuses { addContainer(status, view, depth: depth + 1, isFine: isReady) }
    if !isReady { addEvents(of: pod, depth: depth + 1, onlyWarnings: true) }
  }

  private mutating func addContainer(_ status: JSONValue, _ view: PodView, depth: Int, isFine: Bool) {
    let name = status["name"]?.string ?? ""
    let isDone = status.at("state", "terminated", "exitCode")?.int == 0
    let isReady = status["ready"]?.bool == true
    let found = ContainerCause(view: view, status: status).find()
    let state: Explanation.Link.State = isReady || isDone ? .good : found == nil ? .waiting : .failed
    let isStorage = name == ServingPod.storageInitializer
    add(
      depth, isStorage ? "download" : "container", isStorage ? view.sourceURI : name, state, Self.text(status)
    )
    if isFine || isReady || isDone { return }
    let member = status["started"]?.bool == false ? "startupProbe" : "readinessProbe"
    if status.at("state", "running") != nil, let probe = view.container(name)?[member] {
      let start = status.at("state", "running", "startedAt")?.string
      let failed = view.probeFailure(name, since: start.flatMap { Timestamp(rfc3339: $0) })
      add(
        depth + 1, "probe", ContainerCause.target(probe), failed == nil ? .waiting : .failed,
        failed.map { "failed \($0.count) times: \($0.text)" } ?? "no answer yet")
    }
    let tails = evidence.logs.filter { $0.pod == view.pod.name && $0.container == name }
    for line in tails.flatMap(\.lines).suffix(Self.logLimit) { add(depth + 1, "log", name, .note, line) }
  }

  /// `running since …`, `waiting: CrashLoopBackOff; ended with exit code 3 before, 2 restarts`.
  private static func text(_ status: JSONValue) -> String {
    var parts: [String] = []
    if let running = status.at("state", "running") {
      parts.append("running since \(running["startedAt"]?.string ?? "now")")
    } else if let ended = status.at("state", "terminated") {
      parts.append(end(ended))
    } else if let waiting = status.at("state", "waiting") {
      parts.append("waiting: \(waiting["reason"]?.string ?? "")")
    }
    if let last = status.at("lastState", "terminated") { parts.append("before: \(end(last))") }
    if let restarts = status["restartCount"]?.int, restarts > 0 {
      parts.append("\(restarts) restart\(restarts == 1 ? "" : "s")")
    }
    return parts.joined(separator: "; ")
  }

  private static func end(_ ended: JSONValue) -> String {
    let code = ended["exitCode"]?.int ?? 0
    let reason = ended["reason"]?.string ?? ""
    return code == 0 ? "completed" : "ended with exit code \(code)\(reason.isEmpty ? "" : " (\(reason))")"
  }

  // MARK: events and routes

  private mutating func addEvents(of object: KubeObject, depth: Int, onlyWarnings: Bool) {
    let events = evidence.events(about: object)
      .filter { !onlyWarnings || $0["type"]?.string == "Warning" }
      .sorted { (PodView.time($0)?.seconds ?? 0) < (PodView.time($1)?.seconds ?? 0) }
    for event in events.suffix(Self.eventLimit) {
      let count = event["count"]?.int ?? 1
      add(
        depth, "event", event["reason"]?.string ?? "", .note,
        (event["message"]?.string ?? "") + (count > 1 ? " (\(count) times)" : ""))
    }
  }

  private mutating func addRoute(_ route: KubeObject) {
    let conditions = (route.status?["parents"]?.array ?? []).flatMap { $0["conditions"]?.array ?? [] }
      .compactMap(Condition.init(json:))
    let failed = conditions.first { $0.status == .no }
    let isAccepted = conditions.contains { $0.type == "Accepted" && $0.status == .yes }
    let hosts = (route.spec?["hostnames"]?.array ?? []).compactMap(\.string).joined(separator: ", ")
    add(
      1, "HTTPRoute", route.name, failed != nil ? .failed : isAccepted ? .good : .waiting,
      failed.map { Self.text($0) } ?? hosts)
  }
}
