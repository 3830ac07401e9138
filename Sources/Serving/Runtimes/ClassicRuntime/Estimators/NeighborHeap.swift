/// The k nearest candidates so far, as scikit-learn's heap keeps them: which of equally distant ones stay
/// depends on its very steps.
struct NeighborHeap {
  private(set) var distances: [Double]
  private(set) var indices: [Int]
  /// Versions since 1.8 sort up to fifteen neighbors by insertion.
  let sortsByInsertion: Bool

  init(count: Int, sortsByInsertion: Bool) {
    distances = [Double](repeating: .infinity, count: count)
    indices = [Int](repeating: 0, count: count)
    self.sortsByInsertion = sortsByInsertion
  }

  var largest: Double { distances[0] }

  mutating func push(_ distance: Double, _ index: Int) {
    if distance >= distances[0] { return }
    let size = distances.count
    var current = 0
    while true {
      let left = 2 * current + 1
      let right = left + 1
      let next: Int
      if left >= size { break }
      if right >= size {
        guard distances[left] > distance else { break }
        next = left
      } else if distances[left] >= distances[right] {
        guard distance < distances[left] else { break }
        next = left
      } else {
        guard distance < distances[right] else { break }
        next = right
      }
      distances[current] = distances[next]
      indices[current] = indices[next]
      current = next
    }
    distances[current] = distance
    indices[current] = index
  }

  /// Ascending by distance, ties in the order in which scikit-learn's sort leaves them.
  mutating func sort() {
    if sortsByInsertion, distances.count <= 15 {
      for position in 1..<max(1, distances.count) {
        var place = position
        while place > 0, distances[place - 1] > distances[place] {
          swap(place, place - 1)
          place -= 1
        }
      }
    } else {
      sort(0, distances.count)
    }
  }

  private mutating func swap(_ left: Int, _ right: Int) {
    distances.swapAt(left, right)
    indices.swapAt(left, right)
  }

  /// Quicksort with the median of three.
  private mutating func sort(_ start: Int, _ size: Int) {
    if size <= 1 { return }
    if size == 2 {
      if distances[start] > distances[start + 1] { swap(start, start + 1) }
      return
    }
    if size == 3 {
      if distances[start] > distances[start + 1] { swap(start, start + 1) }
      if distances[start + 1] > distances[start + 2] {
        swap(start + 1, start + 2)
        if distances[start] > distances[start + 1] { swap(start, start + 1) }
      }
      return
    }
    let last = start + size - 1
    let middle = start + size / 2
    if distances[start] > distances[last] { swap(start, last) }
    if distances[last] > distances[middle] {
      swap(last, middle)
      if distances[start] > distances[last] { swap(start, last) }
    }
    let pivot = distances[last]
    var store = start
    for position in start..<last where distances[position] < pivot {
      swap(position, store)
      store += 1
    }
    swap(store, last)
    if store - start > 1 { sort(start, store - start) }
    if store - start + 2 < size { sort(store + 1, size - (store - start) - 1) }
  }
}
