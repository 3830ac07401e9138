import Basics
import Formats
import KubeProtocol
import Linux

@testable import NodeAgent

/// A folder of its own for one test; removed at its end.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = "/tmp/apus-node-tests-\(SystemRandom().nameSuffix(length: 10))"
  try Files.createDirectories(path)
  do {
    let result = try await body(path)
    try Files.removeTree(path)
    return result
  } catch {
    try? Files.removeTree(path)
    throw error
  }
}

/// A pod from the JSON text of its spec.
func makePod(
  _ spec: String, name: String = "web", namespace: String = "default", uid: String = "uid-1",
  status: String? = nil
) throws -> KubeObject {
  var pod = KubeObject(.pods, namespace: namespace, name: name)
  pod.uid = uid
  pod.spec = try JSONValue(parsing: spec)
  if let status { pod.status = try JSONValue(parsing: status) }
  return pod
}

/// The program that is nothing but `apus pod`.
func supervisorProgram() throws -> String {
  let own = try ProcessEnvironment.executablePath()
  // The tests' own program lies beside it (or, run by the toolchain's runner, the test bundle does).
  var candidates = [own] + CommandLine.arguments
  candidates +=
    (try? Files.read("/proc/self/cmdline", limit: 1 << 20)).map {
      $0.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    } ?? []
  for candidate in candidates {
    guard let slash = candidate.lastIndex(of: "/") else { continue }
    let path = "\(candidate[..<slash])/PodSupervisorProbe"
    if Files.isExecutable(path) { return path }
  }
  throw LinuxError(number: 2, call: "find", subject: "PodSupervisorProbe")
}

/// Looks again and again until the condition holds; false after a long time, which only a failing test sees.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
  for _ in 0..<4000 {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return false
}

func isAlive(_ process: Int32) -> Bool {
  guard let bytes = try? Files.read("/proc/\(process)/stat", limit: 4096) else { return false }
  // A zombie has ended; only its parent has not looked yet.
  let text = String(decoding: bytes, as: UTF8.self)
  guard let name = text.lastIndex(of: ")") else { return false }
  return text[text.index(after: name)...].split(separator: " ").first != "Z"
}
