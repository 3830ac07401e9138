public import KubeProtocol

/// One change of an informer's store, told after the store has it.
public enum InformerChange: Sendable {
  case added(KubeObject)
  case updated(old: KubeObject, new: KubeObject)
  /// The last state that was seen.
  case deleted(KubeObject)

  /// The newest state.
  public var object: KubeObject {
    switch self {
    case .added(let object), .updated(_, let object), .deleted(let object): object
    }
  }

  /// The state before; nil for `added`.
  public var old: KubeObject? {
    switch self {
    case .added: nil
    case .updated(let old, _): old
    case .deleted(let object): object
    }
  }

  public var isDeletion: Bool {
    if case .deleted = self { return true }
    return false
  }
}
