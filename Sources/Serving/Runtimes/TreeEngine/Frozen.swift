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
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(elements.count, 1) * MemoryLayout<Element>.stride, alignment: 64
    ).bindMemory(to: Element.self, capacity: max(elements.count, 1))
    elements.withUnsafeBufferPointer { buffer in
      if let first = buffer.baseAddress { memory.initialize(from: first, count: buffer.count) }
    }
    owner = Owner(memory)
    pointer = UnsafePointer(memory)
    count = elements.count
  }

  var byteCount: Int { count * MemoryLayout<Element>.stride }

  @inline(__always)
  subscript(index: Int) -> Element { pointer[index] }
}
