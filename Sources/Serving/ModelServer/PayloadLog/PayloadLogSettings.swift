/// What of requests and answers is copied, and where to: a service's `logger`, as the control plane hands it
/// down in variables.
public struct PayloadLogSettings: Sendable, Hashable {
  /// Which half of a call is copied.
  public enum Mode: String, Sendable, Hashable {
    case all
    case request
    case response
  }

  /// Gets one CloudEvent per POST.
  public var url: String
  public var mode = Mode.all
  /// `ce-source`.
  public var source = "http://localhost:8080/"
  /// `inferenceservicename`, `namespace`, `component`, `endpoint`: attributes of each event.
  public var attributes: [(name: String, value: String)] = []
  /// Request headers that are copied into the attribute `metadata`.
  public var metadataHeaders: [String] = []
  /// A JSON object, for the attribute `annotations`.
  public var annotations: String?
  /// A file with the sink's certificate authority.
  public var authorityFile: String?

  public init(url: String) { self.url = url }

  /// From `APUS_LOG_URL` and its companions; nil where nothing is to be copied.
  /// - Throws: why what is there cannot be used; a server serves without it, and says so.
  public init?(variable: (String) -> String?) throws(Problem) {
    func text(_ name: String) -> String? { variable("APUS_LOG_\(name)").flatMap { $0.isEmpty ? nil : $0 } }
    guard let url = text("URL") else { return nil }
    guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
      throw Problem("payloads are not copied: '\(url)' is no http or https URL")
    }
    self.url = url
    if let name = text("MODE") {
      guard let mode = Mode(rawValue: name) else {
        throw Problem("payloads are not copied: the mode '\(name)' is none of all, request, response")
      }
      self.mode = mode
    }
    source = text("SOURCE") ?? source
    attributes = [
      ("inferenceservicename", text("INFERENCE_SERVICE")), ("namespace", text("NAMESPACE")),
      ("component", text("COMPONENT")), ("endpoint", text("ENDPOINT")),
    ].compactMap { name, value in value.map { (name, $0) } }
    metadataHeaders = (text("METADATA_HEADERS") ?? "").split(separator: ",").map(String.init)
    annotations = text("ANNOTATIONS")
    authorityFile = text("CA_FILE")
  }

  public static func == (left: PayloadLogSettings, right: PayloadLogSettings) -> Bool {
    left.url == right.url && left.mode == right.mode && left.source == right.source
      && left.attributes.elementsEqual(right.attributes) { $0 == $1 }
      && left.metadataHeaders == right.metadataHeaders && left.annotations == right.annotations
      && left.authorityFile == right.authorityFile
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(url) }

  /// Why the variables cannot be used.
  public struct Problem: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
  }
}
