import Linux
import Testing

@testable import NodeAgent

@Suite struct MountParentsTests {
  private func parents(_ mounts: [(String, String)], has existing: Set<String>) -> MountParents {
    MountParents(
      mounts.map { (mountPath: $0.0, realPath: $0.1) }, view: "/view", exists: existing.contains)
  }

  @Test func aFolderThatOnlyMountsMakeExistHoldsLinksToThem() {
    let found = parents([("/mnt/models/a", "/claim"), ("/mnt/models/b/", "/volume")], has: ["/mnt"])
    #expect(found.folders == ["/mnt/models": "/view/mnt/models"])
    #expect(
      found.links == [
        .init(path: "/view/mnt/models/a", target: "/claim"),
        .init(path: "/view/mnt/models/b", target: "/volume"),
      ])
    let rewriting = PathRewriting([("/mnt/models/a", "/claim")] + found.folders.map { ($0.key, $0.value) })
    #expect(
      rewriting.rewrite("--model_dir=/mnt/models /mnt/models/a/x /mnt/models2")
        == "--model_dir=/view/mnt/models /claim/x /mnt/models2")
  }

  @Test func whatTheMachineHasStaysWhatItIs() {
    #expect(
      parents([("/mnt/models/a", "/claim"), ("/x", "/y"), ("/", "/z")], has: ["/mnt", "/mnt/models"]).links
        == [])
    #expect(parents([("/mnt/../etc/a", "/claim")], has: []).links == [])
  }

  @Test func aMountInsideAnotherOneIsItsOwnAffair() {
    let found = parents([("/mnt/models", "/a"), ("/mnt/models/b", "/b")], has: [])
    #expect(found.folders == ["/mnt": "/view/mnt"])
    #expect(found.links == [.init(path: "/view/mnt/models", target: "/a")])
  }

  @Test func linksAreMadeOnceAndMendedWhereTheyDiffer() async throws {
    try await withTemporaryFolder { folder in
      try Files.createDirectories("\(folder)/first")
      let link = "\(folder)/view/none-such/models/a"
      func make(_ target: String) throws {
        let found = MountParents(
          [(mountPath: "/none-such/models/a", realPath: "\(folder)/\(target)")],
          view: "\(folder)/view", exists: Files.exists)
        try found.make()
        try found.make()
      }
      try make("first")
      #expect(try Files.status(link).kind == .directory)
      // The second is not there yet: the link is, and waits for it.
      try make("second")
      #expect(try Files.symbolicLinkTarget(link) == "\(folder)/second")
    }
  }
}
