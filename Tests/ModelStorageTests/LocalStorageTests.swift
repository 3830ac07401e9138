import Basics
import Linux
import ModelStorage
import Testing

@Suite struct LocalStorageTests {
  @Test func theFilesOfAFolderAreLinkedHiddenOnesAside() throws {
    try TemporaryFolder.with { folder in
      try folder.write("source/model.joblib", "model")
      try folder.write("source/.hidden", "x")
      try folder.write("source/sub/part", "y")
      try StorageInitializer().fetch("\(folder.path)/source", into: "\(folder.path)/destination")
      #expect(try Files.list("\(folder.path)/destination") == ["model.joblib", "sub"])
      #expect(try Files.read("\(folder.path)/destination/model.joblib") == Bytes("model".utf8))
    }
  }

  @Test func aSingleFileAndTheFileSchemeWork() throws {
    try TemporaryFolder.with { folder in
      try folder.write("model.pkl", "model")
      try StorageInitializer().fetch("file://\(folder.path)/model.pkl", into: "\(folder.path)/d")
      #expect(try Files.list("\(folder.path)/d") == ["model.pkl"])
    }
  }

  @Test func aRestartedContainerFindsItsLinksAndReplacesThem() throws {
    try TemporaryFolder.with { folder in
      try folder.write("source/m", "model")
      for _ in 0..<2 { try StorageInitializer().fetch("\(folder.path)/source", into: "\(folder.path)/d") }
      #expect(try Files.list("\(folder.path)/d") == ["m"])
    }
  }

  @Test func aMissingPathIsNamed() throws {
    try TemporaryFolder.with { folder in
      let error = #expect(throws: StorageError.self) {
        try StorageInitializer().fetch("\(folder.path)/nowhere", into: "\(folder.path)/d")
      }
      #expect(error?.code == .sourceNotFound)
      #expect(error?.message.contains("nowhere") == true)
    }
  }

  @Test func anEmptyFolderHoldsNoModel() throws {
    try TemporaryFolder.with { folder in
      try Files.createDirectories("\(folder.path)/empty")
      let error = #expect(throws: StorageError.self) {
        try StorageInitializer().fetch("\(folder.path)/empty", into: "\(folder.path)/d")
      }
      #expect(error?.code == .sourceNotFound)
    }
  }

  @Test(arguments: ["ftp://host/x", "s4://bucket/x", "modelscope://a/b"])
  func anUnknownSchemeListsTheKnownOnes(source: String) {
    let error = #expect(throws: StorageError.self) {
      try StorageInitializer().fetch(source, into: "/nowhere/at/all")
    }
    #expect(error?.code == .unsupportedScheme)
    #expect(error?.message.contains("gs://") == true)
  }

  @Test func aPathInAClaimIsLinkedFromWhereTheClaimIsMounted() throws {
    try TemporaryFolder.with { folder in
      try folder.write("claim/models/iris/model.joblib", "model")
      let initializer = StorageInitializer(schemes: [ClaimStorage(mountPath: "\(folder.path)/claim")])
      try initializer.fetch("pvc://samples/models/iris", into: "\(folder.path)/d")
      #expect(try Files.list("\(folder.path)/d") == ["model.joblib"])
      let error = #expect(throws: StorageError.self) {
        try initializer.fetch("pvc://samples/../..", into: "\(folder.path)/d")
      }
      #expect(error?.code == .badSource)
    }
  }
}

/// A folder that goes away with the test.
struct TemporaryFolder {
  let path: String

  static func with(_ body: (TemporaryFolder) throws -> Void) throws {
    let folder = TemporaryFolder(path: "/tmp/apus-storage-\(SystemRandom().uuid())")
    try Files.createDirectories(folder.path)
    defer { try? Files.removeTree(folder.path) }
    try body(folder)
  }

  func write(_ name: String, _ text: String) throws {
    let target = "\(path)/\(name)"
    try Files.createDirectories(String(target[..<(target.lastIndex(of: "/") ?? target.startIndex)]))
    try Files.writeAtomically(Bytes(text.utf8), to: target)
  }
}
