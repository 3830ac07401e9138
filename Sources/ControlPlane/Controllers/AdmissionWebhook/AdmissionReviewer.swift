internal import Formats
internal import KubeProtocol
internal import ServingAPI
internal import ServingControllers

/// Answers reviews: documents in, documents out.
struct AdmissionReviewer: Sendable {
  let admission: ServingAdmission

  /// Fills in defaults.
  /// - Throws: `badRequest` where the document is no review.
  func mutate(_ document: JSONValue) throws(KubeError) -> JSONValue {
    let review = try AdmissionReview(document)
    guard var object = review.object, review.subresource == nil else { return review.allowing() }
    admission.mutate(&object)
    return review.allowing(object)
  }

  /// Says yes or no, and what there is to say beside it.
  /// - Throws: `badRequest` where the document is no review.
  func validate(_ document: JSONValue) throws(KubeError) -> JSONValue {
    let review = try AdmissionReview(document)
    guard review.subresource == nil else { return review.allowing() }
    let warnings = warnings(review)
    do throws(KubeError) {
      if let object = review.object {
        try admission.validate(object, old: review.old)
      } else if let old = review.old {
        try admission.validateDeletion(old)
      }
    } catch {
      return review.denying(error, warnings: warnings)
    }
    return review.allowing(warnings: warnings)
  }

  private func warnings(_ review: AdmissionReview) -> [String] {
    if let object = review.object { return admission.warnings(object) }
    return review.old.map(admission.deletionWarnings) ?? []
  }

  /// Turns objects into another version of their kind.
  /// - Throws: `badRequest` where the document is no review.
  func convert(_ document: JSONValue) throws(KubeError) -> JSONValue {
    let review = try ConversionReview(document)
    let parts = review.desiredVersion.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let version = parts.last else {
      return review.failing("there is no version \"\(review.desiredVersion)\"")
    }
    var converted: [KubeObject] = []
    for object in review.objects {
      let result = LLMServiceConversion.convert(object, to: String(version))
      guard result["apiVersion"]?.string == review.desiredVersion else {
        return review.failing("\(object.kind) \"\(object.key)\" has no version \(review.desiredVersion)")
      }
      converted.append(result)
    }
    return review.answer(converted)
  }
}
