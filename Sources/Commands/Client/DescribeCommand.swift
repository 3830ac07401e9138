internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol
internal import Linux
internal import ServingControllers

/// `apus describe TYPE NAME`: the object as people read it, with the events about it. Of a service, the chain
/// too.
enum DescribeCommand {
  static let verb = Verb.reporting("describe", "show an object in full, with its events: TYPE NAME") {
    arguments in
    let parsed = try Arguments(arguments, grammar: ClientSession.grammar())
    return try await ClientSession.with(parsed) { session in
      var mapper = ResourceMapper(client: session.client)
      var words = parsed.positional
      // A name alone is a service's.
      if words.count == 1, !words[0].contains("/") { words.insert("inferenceservice", at: 0) }
      for (index, target) in try session.typedNames(words, purpose: "to describe").enumerated() {
        let resource = try await mapper.resource(named: target.type)
        let namespace = resource.isNamespaced ? session.namespace : nil
        let object = try await session.client.get(resource, namespace: namespace, name: target.name)
        if index > 0 { StandardStreams.write("\n") }
        StandardStreams.write(try await text(object, resource, session))
      }
      return 0
    }
  }

  private static func text(
    _ object: KubeObject, _ resource: KubeResource, _ session: ClientSession
  ) async throws -> String {
    var shown = object.json
    shown.set(nil, at: "metadata", "managedFields")
    let noise = "kubectl.kubernetes.io/last-applied-configuration"
    if shown.at("metadata", "annotations", noise) != nil {
      var annotations = shown.at("metadata", "annotations") ?? [:]
      annotations[noise] = nil
      shown.set(annotations == [:] ? nil : annotations, at: "metadata", "annotations")
    }
    if resource == .secrets {
      shown["data"] = .array((object["data"]?.object?.keys ?? []).map { .string($0) })
    }
    let style = TerminalStyle.output
    var text = style.ink("\(object.kind) \(object.name)", .bold) + "\n" + YAML.text(shown)
    let events = try await session.client.list(
      .events, namespace: object.namespace.isEmpty ? nil : object.namespace,
      fieldSelector: "involvedObject.name=\(object.name),involvedObject.kind=\(object.kind)"
    ).items
    text += "\n" + style.ink("Events", .bold) + "\n"
    for line in EventText.lines(events, now: SystemClock().now()) { text += "  \(line)\n" }
    if events.isEmpty { text += "  none\n" }
    guard resource == .inferenceServices else { return text }
    let evidence = try await EvidenceReader(client: session.client).evidence(of: object)
    return text + "\n" + WhyText(style: style).render(Explanation(evidence), showsRuntimes: false)
  }
}
