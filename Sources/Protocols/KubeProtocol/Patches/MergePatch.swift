public import Formats

/// JSON merge patches (RFC 7396): members are merged, null removes, anything else replaces.
public enum MergePatch {
  /// Merges as the Kubernetes API does: the patch must be an object.
  public static func apply(_ patch: JSONValue, to document: JSONValue) throws(PatchError) -> JSONValue {
    guard patch.object != nil else {
      throw PatchError(.malformed, "a merge patch must be an object, not \(patch.typeName)")
    }
    return merged(patch, into: document)
  }

  /// The algorithm of RFC 7396, section 2, for any two values.
  public static func merged(_ patch: JSONValue, into document: JSONValue) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var result = document.object ?? JSONObject()
    for (key, change) in changes.members {
      if change.isNull {
        result.removeValue(forKey: key)
      } else {
        result[key] = merged(change, into: result[key] ?? .null)
      }
    }
    return .object(result)
  }

  /// The patch that turns `old` into `new`; an empty object where they are equal. A null inside `new` cannot
  /// be expressed by a merge patch and counts as absent.
  public static func difference(from old: JSONValue, to new: JSONValue) -> JSONValue {
    guard case .object(let oldMembers) = old, case .object(let newMembers) = new else {
      return old.isEquivalent(to: new) ? .object(JSONObject()) : new
    }
    var patch = JSONObject()
    for (key, value) in newMembers.members where !value.isNull {
      guard let before = oldMembers[key] else {
        patch[key] = value
        continue
      }
      if before.isEquivalent(to: value) { continue }
      patch[key] = before.object != nil && value.object != nil ? difference(from: before, to: value) : value
    }
    for (key, value) in oldMembers.members where !value.isNull && (newMembers[key] ?? .null).isNull {
      patch[key] = .null
    }
    return .object(patch)
  }
}
