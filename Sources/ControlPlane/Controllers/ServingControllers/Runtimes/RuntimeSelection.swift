internal import Basics
internal import KubeProtocol
public import ServingAPI

/// Which runtime serves a model: upstream's algorithm as a pure function, with the reason for each refusal.
public struct RuntimeSelection: Sendable {
  /// One runtime that was looked at.
  public struct Candidate: Sendable, Hashable {
    public var runtime: ServingRuntime
    /// Why it was refused; nil for one that fits.
    public var refusal: String?
  }

  public struct Choice: Sendable, Hashable {
    public var runtime: ServingRuntime
    /// What the model asks for, else the lowest protocol of the runtime; nil where neither says anything.
    public var protocolVersion: String?
  }

  public let model: ModelSpec
  public let hasWorkers: Bool
  let namespaceRuntimes: [ServingRuntime]
  let clusterRuntimes: [ServingRuntime]

  public init(
    model: ModelSpec, hasWorkers: Bool, namespaceRuntimes: [ServingRuntime], clusterRuntimes: [ServingRuntime]
  ) {
    self.model = model
    self.hasWorkers = hasWorkers
    self.namespaceRuntimes = namespaceRuntimes
    self.clusterRuntimes = clusterRuntimes
  }

  public func choose() throws(ServingFailure) -> Choice {
    let runtime: ServingRuntime
    if let name = model.runtime { runtime = try named(name) } else { runtime = try automatic() }
    return Choice(
      runtime: runtime, protocolVersion: model.protocolVersion ?? Self.lowestProtocol(runtime).map { $0.name }
    )
  }

  /// Every runtime in the order in which it would be taken, with why it was not.
  public func candidates() -> [Candidate] {
    (ordered(namespaceRuntimes) + ordered(clusterRuntimes)).map {
      Candidate(runtime: $0, refusal: refusal(of: $0))
    }
  }

  // MARK: by name

  private func named(_ name: String) throws(ServingFailure) -> ServingRuntime {
    guard let runtime = (namespaceRuntimes + clusterRuntimes).first(where: { $0.name == name }) else {
      let known = Set((namespaceRuntimes + clusterRuntimes).map(\.name)).sorted().joined(separator: ", ")
      throw ServingFailure(
        FailureCause(
          .runtimeNotRecognized, value: name,
          "Waiting for runtime to become available: there is no ServingRuntime or ClusterServingRuntime "
            + "\"\(name)\"",
          fix:
            "set spec.predictor.model.runtime to one of: \(known.isEmpty ? "(none are installed)" : known), "
            + "or leave it out to have one chosen"))
    }
    if runtime.isDisabled {
      throw ServingFailure(
        FailureCause(
          .runtimeDisabled, value: name,
          "Specified runtime is disabled: the runtime \"\(name)\" has spec.disabled",
          fix: "set its spec.disabled to false or name another runtime"))
    }
    if let wanted = model.protocolVersion, !Self.speaks(runtime, wanted) {
      throw ServingFailure(
        FailureCause(
          .protocolNotSupported, value: wanted,
          "Specified runtime does not support specified protocol version: the runtime \"\(name)\" does not "
            + "speak \(wanted), only \(runtime.protocolVersions.joined(separator: ", "))",
          details: ["runtime": name]))
    }
    if let problem = formatProblem(runtime) {
      throw ServingFailure(
        FailureCause(
          .noSupportingRuntime, value: modelType,
          "Specified runtime does not support specified framework/version: the runtime \"\(name)\" "
            + "\(problem)",
          fix: "change spec.predictor.model.modelFormat or the runtime", details: ["runtime": name]))
    }
    return runtime
  }

  // MARK: by format

  private func automatic() throws(ServingFailure) -> ServingRuntime {
    let candidates = candidates()
    if let first = candidates.first(where: { $0.refusal == nil }) { return first.runtime }
    throw ServingFailure(noneFound(candidates))
  }

  private var modelType: String { "\(model.formatName)\(model.formatVersion.map { " \($0)" } ?? "")" }

  /// Names the runtimes that know the format and why they were refused; without any, the formats that there
  /// are.
  private func noneFound(_ candidates: [Candidate]) -> FailureCause {
    let words =
      "No runtime found to support specified framework/version: no runtime found to support predictor with "
      + "model type: {\(modelType)}"
    let near = candidates.filter { candidate in
      candidate.runtime.modelFormats.contains { $0.name == model.formatName }
    }
    if !near.isEmpty {
      let reasons = near.prefix(8).map { "\($0.runtime.name) \($0.refusal ?? "")" }.joined(separator: "; ")
      let wanted = model.protocolVersion ?? "v1"
      // One would do, but for the protocol.
      let isProtocol = near.contains { candidate in
        formatProblem(candidate.runtime) == nil && !candidate.runtime.isDisabled
          && !candidate.runtime.isMultiModel && !Self.speaks(candidate.runtime, wanted)
      }
      return FailureCause(
        isProtocol ? .protocolNotSupported : .noSupportingRuntime, value: isProtocol ? wanted : modelType,
        "\(words): \(reasons)",
        fix: "change spec.predictor.model.modelFormat or protocolVersion, or name a runtime in "
          + "spec.predictor.model.runtime")
    }
    let formats = Set(
      candidates.filter { !$0.runtime.isDisabled }.flatMap {
        $0.runtime.modelFormats.filter(\.isAutoSelected)
      }
      .map(\.name)
    ).sorted()
    return FailureCause(
      .noSupportingRuntime, value: modelType, words,
      fix: formats.isEmpty
        ? "create a ServingRuntime or ClusterServingRuntime for this format: no runtime is installed"
        : "set spec.predictor.model.modelFormat.name to one of: \(formats.joined(separator: ", ")), or "
          + "create a ServingRuntime for this format")
  }

  private func refusal(of runtime: ServingRuntime) -> String? {
    if runtime.isDisabled { return "is disabled" }
    if runtime.isMultiModel { return "serves several models per server" }
    if let problem = formatProblem(runtime) { return problem }
    // A model that names no protocol speaks v1.
    let wanted = model.protocolVersion ?? "v1"
    if !Self.speaks(runtime, wanted) {
      return "does not speak \(wanted), only \(runtime.protocolVersions.joined(separator: ", "))"
    }
    if runtime.hasWorkers != hasWorkers {
      return hasWorkers
        ? "has no workerSpec, which the service asks for" : "needs a workerSpec in the service"
    }
    return nil
  }

  /// Versions are compared as texts; a model without version takes any.
  private func formatProblem(_ runtime: ServingRuntime) -> String? {
    let named = runtime.modelFormats.filter { $0.name == model.formatName }
    if named.isEmpty { return "does not support the format \(model.formatName)" }
    let usable = model.runtime == nil ? named.filter(\.isAutoSelected) : named
    if usable.isEmpty { return "serves \(model.formatName) only where it is named (autoSelect is not set)" }
    guard let version = model.formatVersion, !version.isEmpty else { return nil }
    if usable.contains(where: { $0.version == version }) { return nil }
    let versions = usable.compactMap(\.version).joined(separator: ", ")
    return
      "supports \(model.formatName) version \(versions.isEmpty ? "(any, unnamed)" : versions), not \(version)"
  }

  // MARK: order

  private static let protocolOrder: [String] = ["v1", "v2", "grpc-v1", "grpc-v2"]

  static func lowestProtocol(_ runtime: ServingRuntime) -> (name: String, rank: Int)? {
    runtime.protocolVersions
      .compactMap { name in protocolOrder.firstIndex(of: name).map { (name: name, rank: $0) } }
      .min { $0.rank < $1.rank }
  }

  private static func speaks(_ runtime: ServingRuntime, _ version: String) -> Bool {
    runtime.protocolVersions.isEmpty || runtime.protocolVersions.contains(version)
  }

  /// Lowest protocol, then newest, then name; then, keeping that order, by priority for the format (its
  /// first entry), highest first and none last.
  private func ordered(_ runtimes: [ServingRuntime]) -> [ServingRuntime] {
    let byAge = runtimes.sorted { left, right in
      let ranks = (Self.rank(left), Self.rank(right))
      if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
      let ages = (Self.created(left), Self.created(right))
      if ages.0 != ages.1 { return ages.0 > ages.1 }
      return left.name < right.name
    }
    return byAge.enumerated().sorted { left, right in
      let priorities = (priority(left.element), priority(right.element))
      if priorities.0 != priorities.1 { return priorities.0 > priorities.1 }
      return left.offset < right.offset
    }.map(\.element)
  }

  private func priority(_ runtime: ServingRuntime) -> Int64 {
    runtime.modelFormats.first { $0.name == model.formatName }?.priority ?? .min
  }

  private static func rank(_ runtime: ServingRuntime) -> Int {
    lowestProtocol(runtime)?.rank ?? protocolOrder.count
  }

  private static func created(_ runtime: ServingRuntime) -> Timestamp {
    runtime.object.creationTimestamp ?? Timestamp(seconds: 0)
  }
}
