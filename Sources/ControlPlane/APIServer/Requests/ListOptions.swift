internal import Basics
internal import Formats
internal import KubeClient
internal import KubeProtocol

/// Which state of a collection a list asks for, and how much of it.
struct ListOptions: Sendable {
  enum Match: String, Sendable {
    case exact = "Exact"
    case notOlderThan = "NotOlderThan"
  }

  /// Nil for all.
  var limit: Int?
  var resourceVersion: Int64
  var match: Match?
  var start: ContinueToken?

  private static let kind = GroupVersionKind(group: "meta.k8s.io", version: "v1", kind: "ListOptions")

  init(_ target: ResourceRequest) throws(KubeError) {
    let request = target.request
    resourceVersion = try target.resourceVersion()
    let wanted = try target.integer("limit") ?? 0
    limit = wanted > 0 ? Int(clamping: wanted) : nil
    if let text = request.queryValue("resourceVersionMatch"), !text.isEmpty {
      match = try Self.match(text, request)
    }
    guard let text = request.queryValue("continue"), !text.isEmpty else { return }
    if !(request.queryValue("resourceVersion") ?? "").isEmpty, resourceVersion != 0 {
      throw KubeError(
        .badRequest,
        "specifying resource version is not allowed when using continue")
    }
    guard let token = ContinueToken(text) else {
      throw KubeError(
        .badRequest, "continue key is not valid: invalid continue token \(KubeError.Cause.quoted(text))")
    }
    start = token
  }

  private static func match(_ text: String, _ request: KubeRequest) throws(KubeError) -> Match {
    let field = "resourceVersionMatch"
    func refuse(_ why: String) -> KubeError { KubeError.invalid(kind, "", [.forbidden(field, why)]) }
    if request.queryValue("continue")?.isEmpty == false {
      throw refuse("resourceVersionMatch is forbidden when continue is provided")
    }
    let version = request.queryValue("resourceVersion") ?? ""
    if version.isEmpty {
      throw refuse("resourceVersionMatch is forbidden unless resourceVersion is provided")
    }
    guard let match = Match(rawValue: text) else {
      throw KubeError.invalid(kind, "", [.notSupported(field, text, ["Exact", "NotOlderThan"])])
    }
    if match == .exact && version == "0" {
      throw refuse("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
    }
    return match
  }
}

/// Where a list goes on: after which key of the collection, at which revision.
struct ContinueToken: Sendable, Hashable {
  /// -1 where the rest may be of a later state than what came before.
  var revision: Int64
  /// The last key that was given, without the collection's prefix.
  var after: String

  private static let version = "meta.k8s.io/v1"

  init(revision: Int64, after: String) {
    self.revision = revision
    self.after = after
  }

  init?(_ text: String) {
    let padded = text.replacing("-", with: "+").replacing("_", with: "/")
    let filling = String(repeating: "=", count: (4 - padded.utf8.count % 4) % 4)
    guard let bytes = Base64.decode(padded + filling),
      let json = try? JSONValue(parsing: bytes, limits: JSONLimits(depth: 2, bytes: 8192)),
      json["v"]?.string == Self.version, let revision = json["rv"]?.int, revision >= -1,
      let after = json["start"]?.string, !after.isEmpty
    else { return nil }
    self.init(revision: revision, after: after)
  }

  var text: String {
    let json: JSONValue = ["v": .string(Self.version), "rv": .int(revision), "start": .string(after)]
    return Base64.encode(json.encoded()).replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }
}
