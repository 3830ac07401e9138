import Foundation
import Testing

@Suite struct BinaryTests {
  /// Each shared library costs start-up time and must be on the user's machine: only what every Debian has.
  private static let allowed: Set<String> = [
    "libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
  ]

  @Test func theReleaseBinaryNeedsOnlyTheBaseSystem() throws {
    let binary = SourceTree.root.appendingPathComponent(".build/release/apus").path
    try #require(FileManager.default.fileExists(atPath: binary), "build it first: make build")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/readelf")
    process.arguments = ["-d", binary]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let needed = text.matches(of: /\(NEEDED\).*\[(.+)\]/).map { String($0.1) }
    #expect(needed.contains("libc.so.6"))
    for library in needed { #expect(Self.allowed.contains(library), "the binary needs \(library)") }
  }
}
