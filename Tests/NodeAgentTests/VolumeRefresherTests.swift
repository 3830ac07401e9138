import Basics
import Linux
import Testing

@testable import NodeAgent

@Suite struct VolumeRefresherTests {
  private func withVolume(_ body: (PodDirectory, _ folder: String) throws -> Void) throws {
    let base = ProcessEnvironment.variable("TMPDIR") ?? "/tmp"
    let data = "\(base)/apus-volume-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? Files.removeTree(data) }
    let directory = PodDirectory(dataDirectory: data, uid: "uid")
    try Files.createDirectories(directory.volume("v"))
    try body(directory, directory.volume("v"))
  }

  private func text(_ path: String) throws -> String {
    String(decoding: try Files.read(path), as: UTF8.self)
  }

  @Test func filesFollowTheDataAndThoseWithoutAKeyGo() throws {
    try withVolume { directory, folder in
      try directory.refresh("v", ["a": Bytes("1".utf8), "b": Bytes("2".utf8)], nil)
      try directory.refresh("v", ["a": Bytes("3".utf8)], nil)
      #expect(try text("\(folder)/a") == "3")
      #expect(try Files.list(folder) == ["a"])
    }
  }

  @Test func chosenKeysGoToTheirPaths() throws {
    try withVolume { directory, folder in
      try directory.refresh(
        "v", ["a": Bytes("1".utf8), "b": Bytes("2".utf8), "c": Bytes("3".utf8)],
        ["a": "x.json", "c": "../out"])
      #expect(try Files.list(folder) == ["x.json"])
      #expect(try text("\(folder)/x.json") == "1")
    }
  }

  @Test func aVolumeThatWasNotMadeYetIsLeftAlone() throws {
    try withVolume { directory, _ in
      try directory.refresh("other", ["a": Bytes("1".utf8)], nil)
      #expect(!Files.exists(directory.volume("other")))
    }
  }
}
