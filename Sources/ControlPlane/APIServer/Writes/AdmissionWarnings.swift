internal import Synchronization

/// What admission has to say about a write beside yes and no; goes out as `Warning` headers, which kubectl
/// prints. One for each request.
final class AdmissionWarnings: Sendable {
  @TaskLocal static var current: AdmissionWarnings?

  private static let maximumTexts = 20

  private let texts = Mutex<[String]>([])

  var all: [String] { texts.withLock { $0 } }

  /// Each text once: a write that met another one is admitted again.
  func add(_ new: [String]) {
    guard !new.isEmpty else { return }
    texts.withLock { texts in
      for text in new where !texts.contains(text) && texts.count < Self.maximumTexts { texts.append(text) }
    }
  }
}
