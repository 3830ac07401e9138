internal import Basics
internal import CDownload
internal import Linux

/// GET requests through libcurl: redirects, proxies from the environment and the system's certificates
/// included.
struct Download {
  struct Answer {
    let status: Int
    let contentType: String
    let bytes: Int64
  }

  /// 1 TiB: a guard against endless answers; disks are smaller.
  var maximumBytes: Int64 = 1 << 40
  var connectTimeoutMilliseconds = 15_000
  var stallSeconds = 60
  /// What the user wrote (`gs://…`): named in every message, because the URL behind it is no help to them.
  let source: String

  init(source: String) { self.source = source }

  /// Streams the body into a file; memory stays bounded whatever the size. A failed download leaves no file.
  func file(_ url: String, to path: String) throws(StorageError) -> Answer {
    let partial = path + ".part"
    do {
      try Files.createDirectories(parent(of: path))
      let file = try Files.open(partial, .write)
      let answer = try get(url, output: file.number, path: path)
      if (200..<300).contains(answer.status) {
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
  func text(_ url: String, limit: Int) throws(StorageError) -> (answer: Answer, body: Bytes) {
    do {
      let memory = try MemoryFile.create("download")
      var bounded = self
      bounded.maximumBytes = Int64(limit)
      let answer = try bounded.get(url, output: memory.number, path: "memory")
      return (answer, try MemoryFile.contents(of: memory))
    } catch let error as StorageError {
      throw error
    } catch {
      throw StorageError(.downloadFailed, "\(source): \(error)")
    }
  }

  private func get(_ url: String, output: Int32, path: String) throws(StorageError) -> Answer {
    var result = apus_download_result()
    let outcome = url.withCString { pointer in
      var request = apus_download_request()
      request.url = pointer
      request.output = output
      request.maximum_bytes = maximumBytes
      request.connect_timeout_ms = connectTimeoutMilliseconds
      request.stall_seconds = stallSeconds
      request.maximum_redirects = 5
      return apus_download(&request, &result)
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
