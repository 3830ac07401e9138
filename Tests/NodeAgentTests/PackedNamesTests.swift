import Testing

@testable import NodeAgent

/// `kubectl cp` packs by `tar` in the container and looks for the names that it asked for.
@Suite struct PackedNamesTests {
  private let rewriting = PathRewriting([("/mnt/models", "/data/pods/a.b/volumes/x")])

  @Test func tarWritesTheContainersNames() {
    #expect(
      rewriting.command(["tar", "cf", "-", "/mnt/models/model.pmml"])
        == [
          "tar", "cf", "-", "/data/pods/a.b/volumes/x/model.pmml",
          #"--transform=flags=r;s,^/*data/pods/a\.b/volumes/x\(/\|$\),mnt/models\1,"#,
        ])
  }

  @Test(arguments: [["tar", "cf", "-", "/etc/hosts"], ["ls", "/tmp"]])
  func whatNamesNoMountStaysAsItIs(_ words: [String]) {
    #expect(rewriting.command(words) == words)
  }

  @Test func otherProgramsGetPathsAlone() {
    #expect(rewriting.command(["ls", "/mnt/models"]) == ["ls", "/data/pods/a.b/volumes/x"])
  }
}
