internal import Basics
internal import Linux

/// What every pod of this node shares; fixed once the node runs.
struct NodeSettings: Sendable {
  var name: String
  /// Absolute.
  var dataDirectory: String
  var hostAddress: String
  var ownExecutable: String
  /// File and arguments of a pod's supervisor.
  var supervisorCommand: [String]
  var images: ImageTable
  var claims: ClaimResolver
  var namesFile: String
  var preloadLibrary: String
  /// What a program needs of the machine to run at all.
  var baseVariables: [(String, String)]
  var processors: Int
  var memoryBytes: Int

  private static let networkVariables = [
    "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE",
    "STORAGE_EMULATOR_HOST",
  ]

  /// PATH, HOME and a few others of this process: programs of the machine find their libraries and
  /// interpreters, and the way to the network, by them. Nothing else of the environment reaches a pod.
  static func inheritedVariables() -> [(String, String)] {
    var variables: [(String, String)] = [
      (
        "PATH",
        ProcessEnvironment.variable("PATH") ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
      ),
      ("HOME", ProcessEnvironment.homeDirectory),
    ]
    for name in ["LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "USER", "TMPDIR"] + networkVariables {
      if let value = ProcessEnvironment.variable(name) { variables.append((name, value)) }
    }
    return variables
  }

  func downward(_ pod: PodSpec, podAddress: String) -> DownwardAPI {
    DownwardAPI(
      pod: pod, podAddress: podAddress, hostAddress: hostAddress, processors: processors,
      memoryBytes: memoryBytes)
  }
}
