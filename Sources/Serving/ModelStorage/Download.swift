internal import Basics
internal import CDownload
internal import Linux

/// Requests through libcurl: redirects, proxies from the environment and the system's certificates included.
struct Download: Sendable {
  /// A GET, or a POST where it has a body.
  struct Request: Sendable {
    let url: String
    /// With credentials in them a request follows no redirect: they are for that host alone.
    var headers: [(name: String, value: String)] = []
    var body: String?

    init(_ url: String, headers: [(name: String, value: String)] = [], body: String? = nil) {
      self.url = url
      self.headers = headers
      self.body = body
    }
  }

  struct Answer {
    let status: Int
    let contentType: String
    let bytes: Int64

    var isSuccess: Bool { (200..<300).contains(status) }
    /// What the same request may get past a moment later.
    var isTransient: Bool { [429, 500, 502, 503, 504].contains(status) }
  }

  /// 1 TiB: a guard against endless answers; disks are smaller.
  var maximumBytes: Int64 = 1 << 40
  var connectTimeoutMilliseconds = 15_000
  var stallSeconds = 60
  var attempts = 3
  var trust = Trust.ofProcess
  /// What the user wrote (`gs://…`): named in every message, because the URL behind it is no help to them.
  let source: String

  private static let firstPause: Duration = .milliseconds(200)

  init(source: String) { self.source = source }

  /// Streams the body into a file; memory stays bounded whatever the size. A failed download leaves no file.
  func file(_ request: Request, to path: String) throws(StorageError) -> Answer {
    try repeating { () throws(StorageError) in try fileOnce(request, to: path) }
  }

  private func fileOnce(_ request: Request, to path: String) throws(StorageError) -> Answer {
    let partial = path + ".part"
    do {
      try Files.createDirectories(parent(of: path))
      let file = try Files.open(partial, .write)
      let answer = try transfer(request, output: file.number, path: path)
      if answer.isSuccess {
        try Files.rename(partial, to: path)
      } else {
        try Files.removeFile(partial)
      }
      return answer
    } catch let error as StorageError {
      try? Files.removeFile(partial)
      throw error
    } catch let error as LinuxError {
      throw .destination(error, path)
    } catch {
      throw StorageError(.downloadFailed, "\(source): \(error)")
    }
  }

  /// A small body in memory, by way of an unnamed file.
  func text(_ request: Request, limit: Int) throws(StorageError) -> (answer: Answer, body: Bytes) {
    var body = Bytes()
    let answer = try repeating { () throws(StorageError) in
      do {
        let memory = try MemoryFile.create("download")
        var bounded = self
        bounded.maximumBytes = Int64(limit)
        let answer = try bounded.transfer(request, output: memory.number, path: "memory")
        body = try MemoryFile.contents(of: memory)
        return answer
      } catch let error as StorageError {
        throw error
      } catch {
        throw StorageError(.downloadFailed, "\(source): \(error)")
      }
    }
    return (answer, body)
  }

  /// Tries what failed in passing again, with growing pauses.
  private func repeating(
    _ body: () throws(StorageError) -> Answer
  ) throws(StorageError) -> Answer {
    var pause = Self.firstPause
    for attempt in 1... {
      let isLast = attempt >= attempts
      do throws(StorageError) {
        let answer = try body()
        if isLast || !answer.isTransient { return answer }
      } catch {
        if isLast || error.code != .downloadFailed { throw error }
      }
      Self.pauseThread(pause)
      pause *= 2
    }
    throw StorageError(.downloadFailed, "\(source): no attempt was made")
  }

  private static func pauseThread(_ duration: Duration) {
    let end = SystemClock().monotonicNow() + duration
    Monitor(()).wait { _ in SystemClock().monotonicNow() >= end ? .done(()) : .wait(until: end) }
  }

  private func transfer(_ request: Request, output: Int32, path: String) throws(StorageError) -> Answer {
    try trust.check(source)
    var result = apus_download_result()
    let outcome = withCStrings(request) { url, headers, body, authorities in
      var call = apus_download_request()
      call.url = url
      call.headers = headers
      call.body = body
      call.authorities = authorities
      call.trusts_anyone = trust.checksServer ? 0 : 1
      call.output = output
      call.maximum_bytes = maximumBytes
      call.connect_timeout_ms = connectTimeoutMilliseconds
      call.stall_seconds = stallSeconds
      call.maximum_redirects = request.headers.isEmpty ? 5 : 0
      return apus_download(&call, &result)
    }
    let message = text(&result.message)
    switch outcome {
    case APUS_DOWNLOAD_ANSWERED:
      return Answer(status: result.status, contentType: text(&result.content_type), bytes: result.bytes)
    case APUS_DOWNLOAD_NO_LIBRARY:
      throw StorageError(
        .downloadFailed,
        "downloads need libcurl, which cannot be opened (\(message)): install Debian's libcurl4")
    case APUS_DOWNLOAD_TOO_LARGE:
      throw StorageError(.badSource, "\(source) is larger than \(maximumBytes) bytes")
    case APUS_DOWNLOAD_WRITE_FAILED:
      throw .destination(LinuxError(number: result.write_error, call: "write", subject: path), path)
    default:
      throw StorageError(
        .downloadFailed,
        "\(source) could not be downloaded: \(message); check the address and this machine's network")
    }
  }

  /// The request in C's form, for the length of one call.
  private func withCStrings<Result>(
    _ request: Request,
    _ body: (
      UnsafePointer<CChar>, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<CChar>?,
      UnsafePointer<CChar>?
    ) -> Result
  ) -> Result {
    let lines = request.headers.map { "\($0.name): \($0.value)" }
    // One block of memory for all headers, and where each begins.
    var block: [CChar] = []
    var starts: [Int] = []
    for line in lines {
      starts.append(block.count)
      block += line.utf8CString
    }
    return block.withUnsafeBufferPointer { memory in
      var pointers: [UnsafePointer<CChar>?] = starts.map { memory.baseAddress?.advanced(by: $0) }
      pointers.append(nil)
      return pointers.withUnsafeBufferPointer { headers in
        request.url.withCString { url in
          withOptionalCString(request.body) { text in
            withOptionalCString(trust.authorities) { authorities in
              body(url, headers.baseAddress, text, authorities)
            }
          }
        }
      }
    }
  }

  private func withOptionalCString<Result>(
    _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
  ) -> Result {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
  }

  private func text<Buffer>(_ buffer: inout Buffer) -> String {
    withUnsafeBytes(of: &buffer) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  private func parent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}

extension StorageError {
  /// An HTTP status that is not success, as a sentence.
  static func status(_ status: Int, _ source: String) -> StorageError {
    switch status {
    case 401, 403:
      StorageError(.accessDenied, "\(source) answered \(status): it is not public; credentials are needed")
    case 404, 410:
      StorageError(
        .sourceNotFound, "\(source) does not exist (\(status)); check the address for typing errors")
    default: StorageError(.downloadFailed, "\(source) answered \(status)")
    }
  }
}
