import Testing

@testable import ModelServer

struct LeastRecentlyUsedTests {
  @Test func whatWasUsedLongestAgoLeavesFirst() {
    var cache = LeastRecentlyUsed<String, Int>(capacity: 30)
    cache.insert(1, for: "a", weight: 10)
    cache.insert(2, for: "b", weight: 10)
    cache.insert(3, for: "c", weight: 10)
    #expect(cache.find("a") == 1)
    cache.insert(4, for: "d", weight: 15)
    #expect(cache.find("b") == nil)
    #expect(cache.find("c") == nil)
    #expect(cache.find("a") == 1)
    #expect(cache.find("d") == 4)
    #expect(cache.weight == 25)
  }

  @Test func whatIsTooHeavyIsNotKept() {
    var cache = LeastRecentlyUsed<String, Int>(capacity: 30)
    cache.insert(1, for: "a", weight: 10)
    cache.insert(2, for: "b", weight: 31)
    #expect(cache.find("b") == nil)
    #expect(cache.find("a") == 1)
    cache.insert(3, for: "a", weight: 31)
    #expect(cache.find("a") == nil)
    #expect(cache.weight == 0)
  }

  @Test(arguments: 0..<10)
  func itAgreesWithAPlainList(seed: UInt64) {
    var random = SeededRandom(seed)
    var cache = LeastRecentlyUsed<Int, Int>(capacity: 100)
    var list: [(key: Int, value: Int, weight: Int)] = []
    for step in 0..<2000 {
      let key = random.below(30)
      switch random.below(5) {
      case 0:
        cache.remove(key)
        list.removeAll { $0.key == key }
      case 1, 2:
        let weight = random.below(40)
        cache.insert(step, for: key, weight: weight)
        list.removeAll { $0.key == key }
        while list.reduce(0, { $0 + $1.weight }) + weight > 100 { list.removeFirst() }
        list.append((key, step, weight))
      default:
        let found = list.firstIndex { $0.key == key }.map { list.remove(at: $0) }
        if let found { list.append(found) }
        #expect(cache.find(key) == found?.value)
      }
      #expect(cache.count == list.count)
      #expect(cache.weight == list.reduce(0) { $0 + $1.weight })
    }
  }
}
