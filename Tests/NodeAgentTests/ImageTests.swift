import Basics
import Formats
import Linux
import Testing

@testable import NodeAgent

@Suite struct ImageTests {
  @Test(
    arguments: [
      ("kserve/sklearnserver:v0.14", "sklearnserver"),
      ("registry.corp:5000/a/b/xgbserver@sha256:abc", "xgbserver"),
      ("lgbserver", "lgbserver"), ("registry:5000/agent", "agent"), ("", ""), ("@", ""), (":", ""),
    ])
  func theLastComponentOfAnImageCounts(image: String, name: String) {
    #expect(ImageTable.shortName(image) == name)
  }

  @Test func builtInImagesRunThisBinary() throws {
    let resolver = ProgramResolver(images: ImageTable(), ownExecutable: "/opt/apus")
    let resolved = try resolver.resolve(
      image: "docker.io/kserve/sklearnserver:latest", command: [], arguments: ["--model_name=iris"],
      searchPath: "",
      directory: "/")
    #expect(resolved.path == "/opt/apus")
    #expect(resolved.arguments == ["apus", "server", "--framework", "sklearn", "--model_name=iris"])
    #expect(resolved.isOwnRole)
  }

  @Test func theTableCanBeExtended() throws {
    var table = ImageTable()
    try table.extend(with: ["corp/my-model:v1": ["sh", "-c", "true"]])
    #expect(table.program(for: "elsewhere/my-model:v2") == .command(["sh", "-c", "true"]))
    for bad: JSONValue in [["x": "sh"], ["x": []], ["x": [1]], [1], "x"] {
      #expect(throws: ImageTable.InvalidEntry.self) {
        var table = ImageTable()
        try table.extend(with: bad)
      }
    }
  }

  @Test func aCommandOfTheMachineRunsWhateverItsImage() throws {
    let resolver = ProgramResolver(images: ImageTable(), ownExecutable: "/opt/apus")
    let resolved = try resolver.resolve(
      image: "nobody/knows", command: ["sh", "-c"], arguments: ["exit 0"], searchPath: "/usr/bin:/bin",
      directory: "/")
    #expect(resolved.arguments == ["sh", "-c", "exit 0"])
    #expect(!resolved.isOwnRole)
  }

  @Test func anImageThatCannotRunSaysWhichCan() {
    let resolver = ProgramResolver(images: ImageTable(), ownExecutable: "/opt/apus")
    for command in [[], ["no-such-program"]] {
      let error = #expect(throws: ProgramResolver.Refusal.self) {
        _ = try resolver.resolve(
          image: "corp/cudaserver:24", command: command, arguments: [], searchPath: "/bin",
          directory: "/")
      }
      #expect(error?.reason == "ErrImagePull")
      #expect(error?.description.contains("corp/cudaserver:24") == true)
      #expect(error?.description.contains("sklearnserver") == true)
    }
  }

  @Test func dynamicAndStaticProgramsAreToldApart() {
    #expect(ExecutableFile.linkage("/bin/sh") == .dynamically)
    // Two program headers of type PT_LOAD, none of type PT_INTERP.
    var image = Bytes(repeating: 0, count: 64 + 2 * 56)
    image.replaceSubrange(0..<6, with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
    image[32] = 64
    image[54] = 56
    image[56] = 2
    image[64] = 1
    image[64 + 56] = 1
    #expect(ExecutableFile.elfLinkage(image) == .statically)
    image[64 + 56] = 3
    #expect(ExecutableFile.elfLinkage(image) == .dynamically)
  }

  @Test func garbageIsNoExecutable() {
    var random = SystemRandomNumberGenerator()
    for length in 0..<300 {
      var bytes = Bytes((0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
      for (index, byte) in [UInt8(0x7F), 0x45, 0x4C, 0x46].enumerated() where index < length {
        bytes[index] = byte
      }
      _ = ExecutableFile.elfLinkage(bytes)
    }
  }
}
