import Basics
import Linux
import Testing

@testable import ModelStorage

@Suite struct ModelArchiveTests {
  private func unpack(_ bytes: Bytes, name: String = "model.tar", in folder: TemporaryFolder) throws {
    try Files.createDirectories("\(folder.path)/source")
    try Files.writeAtomically(bytes, to: "\(folder.path)/source/\(name)")
    try StorageInitializer().fetch("\(folder.path)/source/\(name)", into: "\(folder.path)/models")
  }

  @Test func aLoneArchiveIsUnpackedAndRemoved() throws {
    try TemporaryFolder.with { folder in
      try unpack(
        TestArchive.tar([
          .init(name: "./", type: "5"), .init(name: "model.joblib", content: "iris"),
          .init(name: "sub/notes", content: "notes"),
        ]), in: folder)
      #expect(try Files.list("\(folder.path)/models").sorted() == ["model.joblib", "sub"])
      #expect(try Files.read("\(folder.path)/models/sub/notes") == Bytes("notes".utf8))
      // The user's own file stays; only the link to it went.
      #expect(Files.exists("\(folder.path)/source/model.tar"))
    }
  }

  @Test func aRestartUnpacksAgain() throws {
    try TemporaryFolder.with { folder in
      let archive = TestArchive.tar([.init(name: "model.joblib", content: "iris")])
      for _ in 0..<2 { try unpack(archive, in: folder) }
      #expect(try Files.list("\(folder.path)/models") == ["model.joblib"])
    }
  }

  @Test func anArchiveInTheDestinationItselfIsTheUsersOwn() throws {
    try TemporaryFolder.with { folder in
      let archive = TestArchive.tar([.init(name: "model.joblib", content: "iris")])
      try Files.writeAtomically(archive, to: "\(folder.path)/model.tar")
      try StorageInitializer().fetch(folder.path, into: folder.path)
      #expect(try Files.list(folder.path) == ["model.tar"])
    }
  }

  @Test(arguments: [
    TestArchive.Entry(name: "../outside", content: "x"), .init(name: "/tmp/outside", content: "x"),
    .init(name: "a/../../outside", content: "x"), .init(name: "link", type: "2", target: "/etc/passwd"),
    .init(name: "link", type: "1", target: "../outside"), .init(name: "device", type: "3"),
  ])
  func whatLeadsOutOfTheFolderIsRefused(_ entry: TestArchive.Entry) throws {
    try TemporaryFolder.with { folder in
      let error = #expect(throws: StorageError.self) {
        try unpack(TestArchive.tar([entry]), in: folder)
      }
      #expect(error?.code == .badArchive)
      #expect(error?.message.contains(entry.name) == true)
      #expect(!Files.exists("\(folder.path)/outside"))
    }
  }

  @Test func damagedArchivesAreToldSo() throws {
    let whole = TestArchive.tar([.init(name: "model.joblib", content: String(repeating: "x", count: 3000))])
    let broken: [(String, Bytes)] = [
      ("model.tar", Bytes(whole.prefix(1500))), ("model.tgz", [0x1F, 0x8B, 8, 0, 1, 2, 3]),
      ("model.zip", Bytes("PK\u{3}\u{4} and nothing more".utf8)), ("model.tar.gz", Bytes("text".utf8)),
      ("empty.tar", Bytes(repeating: 0, count: 1024)), ("none.tar", []),
    ]
    for (name, bytes) in broken {
      try TemporaryFolder.with { folder in
        let error = #expect(throws: StorageError.self, "\(name)") {
          try unpack(bytes, name: name, in: folder)
        }
        #expect(error?.code == .badArchive, "\(name)")
        #expect(error?.message.contains(name) == true)
      }
    }
  }
}
