internal import CShims
internal import Glibc

/// A thread of its own for what blocks (SQLite, files, DNS, waitpid) or loops; never the cooperative pool.
public enum NamedThread {
  /// Starts `body` on a new detached thread whose name shows in `top` and debuggers (15 bytes at most are
  /// kept).
  public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(LinuxError) {
    let box = Unmanaged.passRetained(Body(name: name, run: body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, threadMain, box.toOpaque())
    if result != 0 {
      box.release()
      throw LinuxError(number: result, call: "pthread_create", subject: name)
    }
  }

  fileprivate final class Body {
    let name: String
    let run: @Sendable () -> Void
    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }
}

private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let context else { return nil }
  let body = Unmanaged<NamedThread.Body>.fromOpaque(context).takeRetainedValue()
  apus_name_thread(String(body.name.prefix(15)))
  body.run()
  return nil
}
