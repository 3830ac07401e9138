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

  /// `NAME`, `isvc/NAME`, `trainedmodel/NAME`, `inferencegraph/NAME`, or
  /// `configmap/inferenceservice-config`.
  private static func explain(_ word: String, _ session: ClientSession) async throws -> Explanation {
    let parts = word.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2, ["cm", "configmap", "configmaps"].contains(parts[0]) {
      guard parts[1] == ServingPlatform.configMap else {
        throw UsageError(message: "of ConfigMaps, only \(ServingPlatform.configMap) can be explained")
      }
      return try await ConfigurationCheck.explain(session.client)
    }
    let name = parts.last ?? word
    let reader = EvidenceReader(client: session.client)
    do {
      if parts.count == 2, let resource = try kind(parts[0]), resource != .inferenceServices {
        return try await explain(
          session.client.get(resource, namespace: session.namespace, name: name), resource, reader)
      }
      return Explanation(try await reader.evidence(session.namespace, name))
    } catch let error as KubeError where error.reason == .notFound {
      let kind = try parts.count == 2 ? kind(parts[0])?.kind : nil
      throw UsageError(
        message:
          "there is no \(kind ?? "InferenceService") \"\(name)\" in namespace \(session.namespace); what was "
          + "refused by the API is explained by `apus why -f FILE`")
    }
  }

  /// What stands before the stroke.
  private static func kind(_ typed: String) throws -> KubeResource? {
    switch typed.lowercased().split(separator: ".", maxSplits: 1).first ?? "" {
    case "isvc", "inferenceservice", "inferenceservices": return .inferenceServices
    case "tm", "trainedmodel", "trainedmodels": return .trainedModels
    case "ig", "inferencegraph", "inferencegraphs": return .inferenceGraphs
    default:
      throw UsageError(
        message: "'\(typed)' cannot be explained: write isvc/NAME, trainedmodel/NAME, inferencegraph/NAME or "
          + "configmap/\(ServingPlatform.configMap)")
    }
  }

  /// One that is stored.
  private static func explain(
    _ object: KubeObject, _ resource: KubeResource, _ reader: EvidenceReader
  ) async throws -> Explanation {
    switch resource {
    case .trainedModels: Explanation(try await reader.evidence(ofTrainedModel: object))
    case .inferenceGraphs: Explanation(graph: object)
    default: Explanation(try await reader.evidence(of: object))
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
    let evidence = await reader.evidence(of: services, in: namespace)
    let models = await reader.trainedModels(in: namespace, services: evidence)
    let graphs = await reader.graphs(in: namespace)
    let explained =
      evidence.map { Explanation($0) } + models.map { Explanation($0) }
      + graphs.map { Explanation(graph: $0) }
    unhealthy += explained.filter { !$0.isHealthy }
    if isJSON {
      StandardStreams.write(JSONValue.array(unhealthy.map(\.json)).prettyText(indent: 2) + "\n")
    } else if explained.isEmpty && unhealthy.isEmpty {
      StandardStreams.write(
        "There are no InferenceServices in \(namespace.map { "namespace \($0)" } ?? "any namespace").\n")
    } else if unhealthy.isEmpty {
      StandardStreams.write(
        "Nothing is wrong with the \(count(services.count, "service"))"
          + (models.isEmpty ? " " : " and \(count(models.count, "trained model")) ")
          + "\(namespace.map { "of namespace \($0)" } ?? "of all namespaces").\n")
    } else {
      let rows = unhealthy.map { explanation in
        (
          cells: [
            typedName(explanation), explanation.cause?.code.rawValue ?? "", explanation.cause?.sentence ?? "",
          ], namespace: explanation.namespace
        )
      }
      let table = Table(columns: [("NAME", 0), ("CODE", 0), ("CAUSE AND FIX", 0)], rows: rows)
      StandardStreams.write(
        TableText.render([table], isWide: false, showsNamespace: namespace == nil))
    }
    return unhealthy.isEmpty ? 0 : 1
  }

  private static func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  /// As `apus why` takes it.
  private static func typedName(_ explanation: Explanation) -> String {
    let isOther = ["TrainedModel", "InferenceGraph"].contains(explanation.kind)
    return isOther ? "\(explanation.kind.lowercased())/\(explanation.name)" : explanation.name
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
      if [.inferenceServices, .trainedModels, .inferenceGraphs].contains(resource),
        let stored = try await session.client.find(resource, namespace: namespace, name: object.name)
      {
        explanations.append(
          try await explain(stored, resource, EvidenceReader(client: session.client)))
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
