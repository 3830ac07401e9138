/// Gives every value of a document that is looked up or kept while a record is scored its slot.
final class FieldSlots {
  private(set) var sources: [FieldSource] = []

  func add(_ source: FieldSource = .assigned) -> Int {
    sources.append(source)
    return sources.count - 1
  }

  func set(_ slot: Int, _ source: FieldSource) { sources[slot] = source }
}
