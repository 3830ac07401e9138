internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import ServingAPI
internal import ServingControllers

/// `apus why NAME`: the chain from the service down to the process, ending in a cause and a fix.
enum WhyCommand {
  static let verb = Verb.reporting(
    "why", "say why a service does not work: NAME, -f FILE, or nothing for all"
  ) {
    arguments in
    let parsed = try Arguments(
      arguments,
      grammar: ClientSession.grammar(
        options: ["output", "filename"], switches: ["all-namespaces", "runtimes"],
        short: ["o": "output", "f": "filename", "A": "all-namespaces"]))
    let format = parsed.value("output") ?? ""
    guard ["", "json"].contains(format) else {
      throw UsageError(message: "unknown output '\(format)': use json, or nothing")
    }
    return try await ClientSession.with(parsed) { session in
      let files = parsed.all("filename")
      if !files.isEmpty {
        return try await explainFiles(files, session, isJSON: format == "json", parsed)
      }
      guard let word = parsed.positional.first else {
        let namespace = parsed.has("all-namespaces") ? nil : session.namespace
        return try await explainAll(namespace, session, isJSON: format == "json")
      }
      var explanations: [Explanation] = []
      for word in [word] + parsed.positional.dropFirst() {
        explanations.append(try await explain(word, session))
      }
      return show(explanations, isJSON: format == "json", showsRuntimes: parsed.has("runtimes"))
    }
  }

  private static func show(_ explanations: [Explanation], isJSON: Bool, showsRuntimes: Bool) -> Int32 {
    if isJSON {
      let documents = explanations.map(\.json)
      let json = documents.count == 1 ? documents[0] : .array(documents)
      StandardStreams.write(json.prettyText(indent: 2) + "\n")
    } else {
      let text = WhyText(style: .output)
      for (index, explanation) in explanations.enumerated() {
        // Why no runtime fits is told unasked.
        let isAboutRuntimes =
          explanation.cause.map { [.noSupportingRuntime, .protocolNotSupported].contains($0.code) } ?? false
        if index > 0 { StandardStreams.write("\n") }
        StandardStreams.write(
          text.render(explanation, showsRuntimes: showsRuntimes || isAboutRuntimes))
      }
    }
    return explanations.allSatisfy(\.isHealthy) ? 0 : 1
  }

  /// `NAME`, `isvc/NAME`, or `configmap/inferenceservice-config`.
  private static func explain(_ word: String, _ session: ClientSession) async throws -> Explanation {
    let parts = word.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2, ["cm", "configmap", "configmaps"].contains(parts[0]) {
      guard parts[1] == ServingPlatform.configMap else {
        throw UsageError(message: "of ConfigMaps, only \(ServingPlatform.configMap) can be explained")
      }
      return try await ConfigurationCheck.explain(session.client)
    }
    let name = parts.last ?? word
    do {
      return Explanation(try await EvidenceReader(client: session.client).evidence(session.namespace, name))
    } catch let error as KubeError where error.reason == .notFound {
      throw UsageError(
        message: "there is no InferenceService \"\(name)\" in namespace \(session.namespace); what was "
          + "refused by the API is explained by `apus why -f FILE`")
    }
  }

  // MARK: all

  private static func explainAll(
    _ namespace: String?, _ session: ClientSession, isJSON: Bool
  ) async throws -> Int32 {
    let reader = EvidenceReader(client: session.client)
    var unhealthy: [Explanation] = []
    let services = try await reader.services(namespace)
    // The configuration concerns all of them.
    if let configuration = try? await ConfigurationCheck.explain(session.client), !configuration.isHealthy {
      unhealthy.append(configuration)
    }
    for evidence in await reader.evidence(of: services, in: namespace) {
      let explanation = Explanation(evidence)
      if !explanation.isHealthy { unhealthy.append(explanation) }
    }
    if isJSON {
      StandardStreams.write(JSONValue.array(unhealthy.map(\.json)).prettyText(indent: 2) + "\n")
    } else if services.isEmpty && unhealthy.isEmpty {
      StandardStreams.write(
        "There are no InferenceServices in \(namespace.map { "namespace \($0)" } ?? "any namespace").\n")
    } else if unhealthy.isEmpty {
      StandardStreams.write(
        "Nothing is wrong with the \(services.count) service\(services.count == 1 ? "" : "s") "
          + "\(namespace.map { "of namespace \($0)" } ?? "of all namespaces").\n")
    } else {
      let rows = unhealthy.map { explanation in
        (
          cells: [
            explanation.name, explanation.cause?.code.rawValue ?? "", explanation.cause?.sentence ?? "",
          ], namespace: explanation.namespace
        )
      }
      let table = Table(columns: [("NAME", 0), ("CODE", 0), ("CAUSE AND FIX", 0)], rows: rows)
      StandardStreams.write(
        TableText.render([table], isWide: false, showsNamespace: namespace == nil))
    }
    return unhealthy.isEmpty ? 0 : 1
  }

  // MARK: files

  /// What is stored is explained as it is; what is not is sent as a dry run, and a refusal explained.
  private static func explainFiles(
    _ files: [String], _ session: ClientSession, isJSON: Bool, _ parsed: Arguments
  ) async throws -> Int32 {
    var mapper = ResourceMapper(client: session.client)
    var explanations: [Explanation] = []
    for (object, _) in try Manifests.read(files) {
      let resource = try await mapper.resource(for: object.groupVersionKind)
      let namespace = object.namespace.isEmpty ? session.namespace : object.namespace
      let isService = resource == .inferenceServices
      if isService,
        let stored = try await session.client.find(resource, namespace: namespace, name: object.name)
      {
        let reader = EvidenceReader(client: session.client)
        explanations.append(Explanation(try await reader.evidence(of: stored)))
      } else if let refused = try await refusal(of: object, resource, namespace, session) {
        explanations.append(refused)
      }
    }
    if explanations.isEmpty {
      if isJSON { StandardStreams.write("[]\n") } else { StandardStreams.write("The API takes all of it.\n") }
      return 0
    }
    return show(explanations, isJSON: isJSON, showsRuntimes: parsed.has("runtimes"))
  }

  private static func refusal(
    of manifest: KubeObject, _ resource: KubeResource, _ namespace: String, _ session: ClientSession
  ) async throws -> Explanation? {
    var object = manifest
    if resource.isNamespaced { object.namespace = namespace }
    do {
      _ = try await session.client.json(
        .init(
          method: "POST", path: resource.path(namespace: namespace),
          query: [("fieldValidation", "Strict"), ("dryRun", "All")], body: .json(object.json)))
      return nil
    } catch let error as KubeError where error.reason == .alreadyExists {
      return nil
    } catch let error as KubeError {
      return Explanation(
        refused: AdmissionCause.make(error, name: object.name), kind: object.kind, name: object.name,
        namespace: namespace)
    }
  }
}
