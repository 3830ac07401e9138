import Testing

@Suite struct LayerTests {
  /// Modules of the toolchain that any target may use; `Glibc` is the Linux layer's alone.
  private static let systemModules: Set<String> = ["Synchronization", "Testing", "Swift"]

  @Test func theManifestHasItsRows() throws {
    #expect(try Manifest().rows.count > 15)
  }

  @Test func everyImportIsADependencyInTheManifest() throws {
    let manifest = try Manifest()
    for file in try SourceTree.files(under: "Sources", endings: [".swift"]) {
      guard let row = manifest.row(ofFile: file.path) else {
        #expect(file.path.hasPrefix("Sources/apus/"), "\(file.path) belongs to no target")
        continue
      }
      for line in file.lines where line.contains("import ") {
        guard
          let match = line.wholeMatch(
            of: /\s*(?:(?:public|package|internal|private|fileprivate) )?import (?:\w+ )?(\w+)(?:\..*)?/)
        else { continue }
        let module = String(match.1)
        let isAllowed =
          row.dependencies.contains(module) || Self.systemModules.contains(module)
          || (module == "Glibc" && row.name == "Linux")
        #expect(isAllowed, "\(file.path) imports \(module), which is no dependency of \(row.name)")
      }
    }
  }

  @Test func dependenciesOnlyPointDown() throws {
    let manifest = try Manifest()
    for row in manifest.rows {
      for name in row.dependencies {
        guard let dependency = manifest.rows.first(where: { $0.name == name }) else {
          #expect(name.hasPrefix("C"), "\(row.name) depends on \(name), which is nowhere")
          continue
        }
        let above = try #require(manifest.layer(of: row))
        let below = try #require(manifest.layer(of: dependency))
        #expect(below <= above, "\(row.name) depends on \(name), which lies above it")
        let isControlPlane = row.path.hasPrefix("Sources/ControlPlane")
        #expect(
          !(isControlPlane && dependency.path.hasPrefix("Sources/Serving")),
          "\(row.name) belongs to the control plane and must not import \(name) of the data plane")
      }
    }
  }
}
