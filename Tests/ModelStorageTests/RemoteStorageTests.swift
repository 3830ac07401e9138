import Basics
import Formats
import HTTPTransport
import HTTPWire
import Linux
import ModelStorage
import Testing

@Suite struct RemoteStorageTests {
  @Test func aBucketsFolderIsListedPageByPageAndDownloaded() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        try GoogleStorage(host: address).check("gs://models/sklearn/iris", into: folder.path, count: 2)
        #expect(folder.names == ["model.joblib", "sub"])
        #expect(folder.text("model.joblib") == "iris")
        #expect(folder.text("sub/notes") == "notes")
      }
    }
  }

  @Test func aSingleObjectKeepsItsName() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        try GoogleStorage(host: address).check(
          "gs://models/sklearn/iris/model.joblib", into: folder.path, count: 1)
        #expect(folder.names == ["model.joblib"])
      }
    }
  }

  @Test func aMissingBucketAForbiddenOneAndAnUnreachableStoreAreToldApart() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        for (source, code) in [
          ("gs://nowhere/x", StorageError.Code.sourceNotFound), ("gs://private/x", .accessDenied),
        ] {
          let error = #expect(throws: StorageError.self) {
            try GoogleStorage(host: address).fetch(source, into: folder.path)
          }
          #expect(error?.code == code)
          #expect(error?.message.contains(source) == true)
        }
        let error = #expect(throws: StorageError.self) {
          try GoogleStorage(host: "http://127.0.0.1:1").fetch("gs://models/x", into: folder.path)
        }
        #expect(error?.code == .downloadFailed)
        #expect(error?.message.contains("gs://models/x") == true)
      }
    }
  }

  @Test func anObjectWhoseNameLeadsOutOfTheFolderIsRefused() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        let error = #expect(throws: StorageError.self) {
          try GoogleStorage(host: address).fetch("gs://evil/m", into: folder.path)
        }
        #expect(error?.code == .badSource)
        #expect(folder.names == [])
      }
    }
  }

  @Test(arguments: ["gs://endless/m", "gs://circular/m", "gs://control/m"])
  func aStoreThatNeverEndsOrNamesNonsenseIsGivenUp(source: String) async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        let error = #expect(throws: StorageError.self) {
          try GoogleStorage(host: address).fetch(source, into: folder.path)
        }
        #expect(error?.code == (source.contains("circular") ? .downloadFailed : .badSource))
        #expect(folder.names == [])
      }
    }
  }

  @Test func aFileComesOverHTTPUnderItsName() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        let paths = try HTTPStorage().fetch("\(address)/files/my%20model.pkl?x=1", into: folder.path)
        #expect(paths == ["\(folder.path)/my model.pkl"])
        #expect(folder.names == ["my model.pkl"])
        let error = #expect(throws: StorageError.self) {
          try HTTPStorage().fetch("\(address)/files/missing.pkl", into: folder.path)
        }
        #expect(error?.code == .sourceNotFound)
        #expect(folder.names == ["my model.pkl"])
        #expect(throws: StorageError.self) { try HTTPStorage().fetch("\(address)/", into: folder.path) }
      }
    }
  }

  @Test func headersForAHostComeFromItsVariable() async throws {
    try await BucketServer.with { address in
      try TemporaryFolder.with { folder in
        let host = address.dropFirst("http://".count)
        for name in ["\(host)-headers", "127.0.0.1-headers"] {
          let storage = HTTPStorage { $0 == name ? #"{"Authorization":"Bearer let-me-in"}"# : nil }
          let paths = try storage.fetch("\(address)/guarded/model.pkl", into: folder.path)
          #expect(paths.count == 1)
        }
        let error = #expect(throws: StorageError.self) {
          try HTTPStorage { _ in nil }.fetch("\(address)/guarded/model.pkl", into: folder.path)
        }
        #expect(error?.code == .accessDenied)
        for bad in ["[]", "{", #"{"a b":"c"}"#, #"{"a":1}"#, #"{"a":"b\r\nc: d"}"#] {
          let error = #expect(throws: StorageError.self) {
            try HTTPStorage { $0.hasSuffix("-headers") ? bad : nil }
              .fetch("\(address)/guarded/model.pkl", into: folder.path)
          }
          #expect(error?.code == .badSource, "\(bad)")
        }
      }
    }
  }
}

extension GoogleStorage {
  fileprivate func check(_ source: String, into folder: String, count: Int) throws {
    let fetched = try fetch(source, into: folder)
    #expect(fetched.count == count)
  }
}

extension TemporaryFolder {
  fileprivate var names: [String] { (try? Files.list(path)) ?? ["the folder cannot be read"] }

  fileprivate func text(_ name: String) -> String? {
    (try? Files.read("\(path)/\(name)")).map { String(decoding: $0, as: UTF8.self) }
  }
}

/// Answers like Cloud Storage's JSON API for three buckets, and a plain file.
private struct BucketServer: AsyncHTTPHandler {
  private static let objects = [
    "sklearn/iris/model.joblib": "iris", "sklearn/iris/sub/notes": "notes", "sklearn/iris2/model": "another",
  ]

  static func with(_ body: @escaping @Sendable (_ address: String) throws -> Void) async throws {
    try await StoreServer.with(BucketServer(), body)
  }

  func respond(to request: AsyncHTTPRequest) async -> AsyncHTTPResponse {
    let target = request.head.target
    switch true {
    case target.hasPrefix("/storage/v1/b/models/o?"): return listing(target)
    case target.hasPrefix("/storage/v1/b/models/o/"): return object(target)
    case target.hasPrefix("/storage/v1/b/evil/o"):
      return answer(200, #"{"items":[{"name":"m/../../../outside"}]}"#)
    case target.hasPrefix("/storage/v1/b/control/o"):
      return answer(200, #"{"items":[{"name":"m/a\u001bb"}]}"#)
    case target.hasPrefix("/storage/v1/b/circular/o"):
      return answer(200, #"{"items":[{"name":"m/a"}],"nextPageToken":"again"}"#)
    case target.hasPrefix("/storage/v1/b/endless/o"):
      let items = (0..<2000).map { "{\"name\":\"m/\($0)\"}" }.joined(separator: ",")
      return answer(200, "{\"items\":[\(items)],\"nextPageToken\":\"\(pageIndex(target) + 1)\"}")
    case target.hasPrefix("/storage/v1/b/private/o"): return answer(401, "{}")
    case target.hasPrefix("/files/my%20model.pkl"): return answer(200, "content")
    case target == "/guarded/model.pkl":
      return answer(request.head.headers["authorization"] == "Bearer let-me-in" ? 200 : 401, "content")
    default: return answer(404, "{}")
    }
  }

  private func pageIndex(_ target: String) -> Int {
    let page = target.split(separator: "&").first { $0.hasPrefix("pageToken=") }
    return page.flatMap { Int($0.dropFirst("pageToken=".count)) } ?? 0
  }

  /// One object per page.
  private func listing(_ target: String) -> AsyncHTTPResponse {
    let names = Self.objects.keys.sorted().filter { name in
      !target.contains("iris%2Fmodel.joblib") || name == "sklearn/iris/model.joblib"
    }
    let index = pageIndex(target)
    var json: JSONValue = ["items": [["name": .string(names[index])]]]
    if index + 1 < names.count { json["nextPageToken"] = .string("\(index + 1)") }
    return answer(200, json.encodedText)
  }

  private func object(_ target: String) -> AsyncHTTPResponse {
    let path = target.dropFirst("/storage/v1/b/models/o/".count).prefix { $0 != "?" }
    let name = String(path).replacing("%2F", with: "/")
    return Self.objects[name].map { answer(200, $0) } ?? answer(404, "{}")
  }

  private func answer(_ status: Int, _ body: String) -> AsyncHTTPResponse {
    AsyncHTTPResponse(head: HTTPResponseHead(status: status), body: .bytes(Bytes(body.utf8)))
  }
}
