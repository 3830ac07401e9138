/// An array that never changes, at a fixed place: read through its pointer it costs no reference counting.
/// `@unchecked Sendable`: nothing writes after `init`, and the elements are plain values.
struct Frozen<Element: BitwiseCopyable>: @unchecked Sendable {
  private final class Owner {
    let memory: UnsafeMutablePointer<Element>
    init(_ memory: UnsafeMutablePointer<Element>) { self.memory = memory }
    deinit { memory.deallocate() }
  }

  private let owner: Owner
  let pointer: UnsafePointer<Element>
  let count: Int

  init(_ elements: [Element]) {
    self.init(count: elements.count) { memory in
      elements.withUnsafeBufferPointer { buffer in
        if let first = buffer.baseAddress { memory.initialize(from: first, count: buffer.count) }
      }
    }
  }

  /// - Parameter fill: initializes all elements.
  init(count: Int, _ fill: (UnsafeMutablePointer<Element>) -> Void) {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64
    ).bindMemory(to: Element.self, capacity: max(count, 1))
    fill(memory)
    owner = Owner(memory)
    pointer = UnsafePointer(memory)
    self.count = count
  }

  var byteCount: Int { count * MemoryLayout<Element>.stride }

  @inline(__always)
  subscript(index: Int) -> Element { pointer[index] }
}
