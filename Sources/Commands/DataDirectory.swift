internal import Basics
internal import Formats
internal import Linux

/// Where one `apus up` keeps its state, and what clients find there.
struct DataDirectory: Sendable {
  let path: String

  /// `--data-dir`, else `APUS_DATA_DIR`, else `~/.apus`.
  init(option: String?) throws(UsageError) {
    if option == "" { throw UsageError(message: "--data-dir is empty; name a folder") }
    let variable = ProcessEnvironment.variable("APUS_DATA_DIR").flatMap { $0.isEmpty ? nil : $0 }
    let chosen = option ?? variable ?? "\(ProcessEnvironment.homeDirectory)/.apus"
    let isAbsolute = chosen.hasPrefix("/")
    path = isAbsolute ? chosen : "\((try? ProcessEnvironment.currentDirectory()) ?? ".")/\(chosen)"
  }

  var databasePath: String { "\(path)/state/apus.db" }
  var kubeconfigPath: String { "\(path)/kubeconfig" }
  var endpointsPath: String { "\(path)/endpoints.json" }
}

/// Where the parts of a running `apus up` listen: the contents of `endpoints.json`.
struct Endpoints: Sendable {
  var api: String
  var gateway: String

  func write(to directory: DataDirectory) throws {
    let json: JSONValue = ["api": .string(api), "gateway": .string(gateway)]
    try Files.writeAtomically(Bytes((json.encodedText + "\n").utf8), to: directory.endpointsPath)
  }

  /// Throws a sentence where nothing runs there.
  static func read(from directory: DataDirectory) throws -> Endpoints {
    guard let bytes = try? Files.read(directory.endpointsPath, limit: 1 << 16),
      let json = try? JSONValue(parsing: bytes),
      let api = json["api"]?.string, let gateway = json["gateway"]?.string
    else {
      throw UsageError(
        message: "no endpoints in \(directory.path): start `apus up` first, or name its folder by --data-dir")
    }
    return Endpoints(api: api, gateway: gateway)
  }
}
