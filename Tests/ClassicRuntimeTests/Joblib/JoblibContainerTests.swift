internal import Basics
@testable internal import ClassicRuntime
internal import ModelRuntime
internal import TestSupport
internal import Testing

@Suite("joblib containers")
struct JoblibContainerTests {
  @Test("Compressions that are not read are named with the way out")
  func namesOtherCompressions() throws {
    let folder = try TemporaryFolder()
    let headers: [(String, Bytes)] = [
      ("bz2", [0x42, 0x5a, 0x68, 0x39]), ("xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
      ("lzma", [0x5d, 0, 0, 0x80]),
      ("lz4", [0x04, 0x22, 0x4d, 0x18]),
    ]
    for (name, header) in headers {
      let path = try folder.write(header + Bytes(repeating: 0, count: 20), as: "model.joblib")
      let error = #expect(throws: ModelLoadError.self) {
        _ = try ClassicRuntime().load(path: path, options: LoadOptions())
      }
      #expect(error?.code == .unsupportedVersion)
      #expect(error?.message.contains("compressed with \(name)") == true)
      #expect(error?.message.contains("compress='zlib'") == true)
    }
  }

  @Test("A stream that grows beyond the limits is refused")
  func refusesBombs() throws {
    let file = try Fixtures.bytes("svc-1.2.2.joblib")
    let limits = InflateLimits(freeBytes: 1000, ratio: 1, bytes: 1 << 20)
    #expect {
      try JoblibContainer.open(file, limits: limits)
    } throws: { error in
      if case .tooLarge = error as? JoblibError { return true }
      return false
    }
    #expect(try JoblibContainer.open(file).count > file.count)
    let message = ModelLoadError(limits.refusal(compressed: 1000), path: "/m/model.joblib").message
    #expect(message.contains("more than 2000 bytes from 1000 (at most 0 MiB + 1 times"))
    #expect(message.contains("save it uncompressed (compress=0)"))
  }

  @Test("What a file may unpack to follows from its size")
  func inflateBounds() {
    let limits = InflateLimits()
    #expect(limits.bound(compressed: 0) == 32 << 20)
    #expect(limits.bound(compressed: 2 << 20) == 132 << 20)
    #expect(limits.bound(compressed: 1 << 30) == 4 << 30)
    #expect(limits.bound(compressed: .max) == 4 << 30)
    #expect(limits.bound(compressed: .max / 50) == 4 << 30)
  }

  @Test("Compressed data that is damaged or cut is corrupt")
  func damagedData() throws {
    for name in ["svc-1.2.2.joblib", "forest-regressor-1.5.2.joblib"] {
      var file = try Fixtures.bytes(name)
      #expect(throws: JoblibError.self) { try JoblibContainer.open(Bytes(file.dropLast())) }
      file[file.count / 2] ^= 0x55
      #expect(throws: JoblibError.self) { try JoblibContainer.open(file) }
    }
  }

  @Test("Files are recognised by name or by their first bytes")
  func recognition() throws {
    let runtime = ClassicRuntime()
    #expect(runtime.recognizes(path: "/m/model.joblib", firstBytes: []))
    #expect(runtime.recognizes(path: "/m/model", firstBytes: [0x80, 4, 0x95]))
    #expect(runtime.recognizes(path: "/m/model", firstBytes: [0x78, 0x9c]))
    #expect(runtime.recognizes(path: "/m/model", firstBytes: [0x1f, 0x8b, 8]))
    #expect(!runtime.recognizes(path: "/m/model.json", firstBytes: Bytes("{\"a\"".utf8)))
    #expect(!runtime.recognizes(path: "/m/model", firstBytes: [0x80, 9]))
    #expect(!runtime.recognizes(path: "/m/model", firstBytes: []))
  }

  @Test("A missing file says so")
  func missingFile() {
    let error = #expect(throws: ModelLoadError.self) {
      _ = try ClassicRuntime().load(path: "/nowhere/model.joblib", options: LoadOptions())
    }
    #expect(error?.code == .modelMissing)
  }
}
