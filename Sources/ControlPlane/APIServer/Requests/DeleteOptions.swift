internal import Formats
internal import KubeClient
internal import KubeProtocol

/// `metav1.DeleteOptions`, from a request's body and query.
struct DeleteOptions: Sendable {
  enum Propagation: String, Sendable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
  }

  var gracePeriodSeconds: Int64?
  var propagation: Propagation?
  var uid: String?
  var resourceVersion: String?
  var isDryRun = false

  init() {}

  init(_ target: ResourceRequest) throws(KubeError) {
    let request = target.request
    let body = try RequestBody(request).json
    // A single `kind: DeleteOptions` object, or nothing; other kinds come from confused clients.
    if let kind = body["kind"]?.string, kind != "DeleteOptions" {
      throw KubeError(.badRequest, "the body of a DELETE must be DeleteOptions, not \(kind)")
    }
    gracePeriodSeconds = try target.integer("gracePeriodSeconds")
    if let grace = body["gracePeriodSeconds"]?.int { gracePeriodSeconds = grace }
    uid = body.at("preconditions", "uid")?.string
    resourceVersion = body.at("preconditions", "resourceVersion")?.string
    for value in body["dryRun"]?.array ?? [] where value != "All" {
      throw ResourceRequest.invalidDryRun(value.string ?? value.encodedText, "DeleteOptions")
    }
    isDryRun = target.isDryRun || (body["dryRun"]?.array ?? []).contains("All")
    let policy = body["propagationPolicy"]?.string ?? request.queryValue("propagationPolicy")
    if let policy, !policy.isEmpty {
      guard let known = Propagation(rawValue: policy) else {
        throw KubeError(
          .invalid,
          "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Invalid value: \"\(policy)\":"
            + " must be one of Foreground, Background, Orphan")
      }
      propagation = known
    } else if let orphans = body["orphanDependents"]?.bool {
      propagation = orphans ? .orphan : .background
    }
    if let grace = gracePeriodSeconds, grace < 0 { gracePeriodSeconds = 1 }
  }
}
