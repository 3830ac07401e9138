// swift-tools-version: 6.0
// The layers of the house as data. `Tests/TidyTests` compares every import in `Sources/` with these rows.
import Foundation
import PackageDescription

/// One row per target: an import in the target's sources must be one of its dependencies (or of `systemModules`).
struct Row {
  let name: String
  let folder: String
  let dependencies: [String]
}

/// C code of our own and one system library per C library that Debian ships.
let cTargets: [(name: String, settings: [CSetting])] = [
  ("CShims", []),
  ("CPreloadBlob", []),
  ("CSQLiteRecorder", []),
  ("CDownload", []),
  ("CArchive", []),
  ("CONNXRuntime", []),
]
let systemLibraries: [(name: String, archive: [String])] = [
  ("CYAML", [":libyaml.a"]),
  ("CSQLite", [":libsqlite3.a"]),
  ("COpenSSL", [":libssl.a", ":libcrypto.a"]),
  ("CZlib", [":libz.a"]),
  ("CNghttp2", [":libnghttp2.a"]),
  ("CExpat", [":libexpat.a"]),
]

let rows: [Row] = [
  // Foundations
  Row(name: "Basics", folder: "Foundations", dependencies: []),
  Row(name: "Linux", folder: "Foundations", dependencies: ["CShims", "Basics"]),
  Row(name: "Formats", folder: "Foundations", dependencies: ["CYAML", "CShims", "Basics"]),
  Row(name: "XML", folder: "Foundations", dependencies: ["CExpat", "Basics"]),
  Row(name: "Crypto", folder: "Foundations", dependencies: ["COpenSSL", "Basics"]),
  Row(name: "Telemetry", folder: "Foundations", dependencies: ["Basics", "Linux", "Formats"]),
  Row(name: "Lifecycle", folder: "Foundations", dependencies: ["Basics", "Linux", "Formats"]),
  // Protocols: bytes or values in, values out
  Row(name: "HTTPWire", folder: "Protocols", dependencies: ["Basics"]),
  Row(name: "InferenceProtocol", folder: "Protocols", dependencies: ["Basics", "Formats"]),
  Row(name: "KubeProtocol", folder: "Protocols", dependencies: ["Basics", "Formats"]),
  Row(name: "ServingAPI", folder: "Protocols", dependencies: ["Basics", "Formats", "KubeProtocol"]),
  // Transport
  Row(
    name: "HTTPTransport", folder: "Transport",
    dependencies: [
      "CShims", "COpenSSL", "CNghttp2", "CZlib", "Basics", "Linux", "Crypto", "Telemetry", "Lifecycle",
      "HTTPWire",
    ]),
  Row(
    name: "KubeClient", folder: "Transport",
    dependencies: [
      "Basics", "Linux", "Formats", "Crypto", "Telemetry", "HTTPWire", "KubeProtocol", "HTTPTransport",
    ]),
  // Serving: the data plane
  Row(
    name: "ModelRuntime", folder: "Serving",
    dependencies: ["Basics", "Linux", "Formats", "Telemetry", "InferenceProtocol"]),
  Row(
    name: "ClassicRuntime", folder: "Serving/Runtimes",
    dependencies: [
      "CShims", "CZlib", "Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "TreeEngine",
    ]),
  Row(
    name: "TreeEngine", folder: "Serving/Runtimes",
    dependencies: ["CShims", "Basics", "Linux", "InferenceProtocol", "ModelRuntime"]),
  Row(
    name: "TreesRuntime", folder: "Serving/Runtimes",
    dependencies: ["CShims", "Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "TreeEngine"]),
  Row(
    name: "ONNXRuntime", folder: "Serving/Runtimes",
    dependencies: [
      "CONNXRuntime", "Basics", "Linux", "Formats", "Telemetry", "InferenceProtocol", "ModelRuntime",
    ]),
  Row(
    name: "PMMLRuntime", folder: "Serving/Runtimes",
    dependencies: ["CShims", "Basics", "Linux", "Formats", "XML", "InferenceProtocol", "ModelRuntime"]),
  Row(
    name: "PythonRuntime", folder: "Serving/Runtimes",
    dependencies: [
      "CShims", "Basics", "Linux", "Formats", "Telemetry", "Lifecycle", "InferenceProtocol", "ModelRuntime",
    ]),
  Row(
    name: "ModelStorage", folder: "Serving",
    dependencies: [
      "CDownload", "CArchive", "Basics", "Linux", "Formats", "XML", "Crypto", "Telemetry", "Lifecycle",
      "HTTPWire",
    ]),
  Row(
    name: "ModelServer", folder: "Serving",
    dependencies: [
      "Basics", "Linux", "Formats", "Telemetry", "Lifecycle", "HTTPWire", "InferenceProtocol", "ServingAPI",
      "Crypto", "HTTPTransport", "ModelRuntime",
    ]),
  Row(
    name: "Gateway", folder: "Serving",
    dependencies: [
      "Basics", "Linux", "Formats", "Telemetry", "Lifecycle", "HTTPWire", "KubeProtocol", "ServingAPI",
      "HTTPTransport", "KubeClient",
    ]),
  Row(
    name: "Sidecar", folder: "Serving",
    dependencies: [
      "Basics", "Linux", "Formats", "Telemetry", "Lifecycle", "HTTPWire", "ServingAPI", "HTTPTransport",
      "ModelStorage",
    ]),
  // Control plane: never imports Serving
  Row(
    name: "KubeStore", folder: "ControlPlane",
    dependencies: ["CSQLite", "CShims", "Basics", "Linux", "Formats", "Telemetry", "KubeProtocol"]),
  Row(
    name: "APIServer", folder: "ControlPlane",
    dependencies: [
      "Basics", "Linux", "Formats", "Crypto", "Telemetry", "Lifecycle", "HTTPWire", "KubeProtocol",
      "ServingAPI",
      "HTTPTransport", "KubeClient", "KubeStore",
    ]),
  Row(
    name: "ControllerKit", folder: "ControlPlane",
    dependencies: ["Basics", "Linux", "Formats", "Telemetry", "Lifecycle", "KubeProtocol", "KubeClient"]),
  Row(
    name: "Workloads", folder: "ControlPlane",
    dependencies: ["Basics", "Formats", "Crypto", "Telemetry", "KubeProtocol", "KubeClient", "ControllerKit"]),
  Row(
    name: "NodeAgent", folder: "ControlPlane",
    dependencies: [
      "CPreloadBlob", "CShims", "Basics", "Linux", "Formats", "Crypto", "Telemetry", "Lifecycle", "HTTPWire",
      "KubeProtocol", "ServingAPI", "HTTPTransport", "KubeClient", "ControllerKit", "APIServer",
    ]),
  Row(name: "Autoscaling", folder: "ControlPlane", dependencies: ["KubeProtocol", "ServingAPI"]),
  Row(
    name: "ServingControllers", folder: "ControlPlane/Controllers",
    dependencies: [
      "Basics", "Formats", "Crypto", "Telemetry", "KubeProtocol", "ServingAPI", "KubeClient", "ControllerKit",
      "Autoscaling",
    ]),
  Row(
    name: "AdmissionWebhook", folder: "ControlPlane/Controllers",
    dependencies: [
      "Basics", "Formats", "Crypto", "Telemetry", "Linux", "HTTPWire", "KubeProtocol", "ServingAPI",
      "HTTPTransport", "KubeClient", "ControllerKit", "ServingControllers",
    ]),
  // Commands: wires the parts of each role
  Row(
    name: "Commands", folder: "",
    dependencies: [
      "CShims", "Basics", "Linux", "Formats", "Crypto", "Telemetry", "Lifecycle", "HTTPWire",
      "InferenceProtocol",
      "KubeProtocol", "ServingAPI", "HTTPTransport", "KubeClient", "ModelRuntime", "ClassicRuntime",
      "TreesRuntime", "ONNXRuntime", "PMMLRuntime", "PythonRuntime", "ModelStorage", "ModelServer", "Sidecar",
      "Gateway",
      "KubeStore", "APIServer", "ControllerKit", "Workloads", "NodeAgent",
      "ServingControllers", "AdmissionWebhook",
    ]),
]

/// What several test targets share.
let testSupport: [(name: String, dependencies: [String])] = [
  ("TestSupport", ["Basics", "Linux"]),
  ("KubeTestSupport", ["Basics", "Formats", "KubeProtocol", "KubeClient"]),
]

/// Test targets and what they test; a folder of the same name lies in `Tests/`.
let tests: [(name: String, dependencies: [String])] = [
  ("TidyTests", ["Basics", "Linux"]),
  ("BasicsTests", ["Basics"]),
  ("LinuxTests", ["Basics", "Linux"]),
  ("FormatsTests", ["Basics", "Formats", "TestSupport"]),
  ("CryptoTests", ["Basics", "Crypto"]),
  ("TelemetryTests", ["Basics", "Linux", "Formats", "Telemetry"]),
  ("HTTPWireTests", ["Basics", "HTTPWire", "TestSupport"]),
  (
    "HTTPTransportTests",
    ["Basics", "Linux", "Crypto", "Lifecycle", "HTTPWire", "HTTPTransport", "TestSupport"]
  ),
  ("KubeProtocolTests", ["Basics", "Formats", "KubeProtocol", "TestSupport"]),
  ("ServingAPITests", ["Basics", "Formats", "KubeProtocol", "ServingAPI"]),
  ("AutoscalingTests", ["KubeProtocol", "ServingAPI", "Autoscaling"]),
  (
    "KubeStoreTests",
    ["CSQLite", "CSQLiteRecorder", "Basics", "Linux", "Formats", "KubeProtocol", "KubeStore", "TestSupport"]
  ),
  (
    "APIServerTests",
    [
      "Basics", "Linux", "Formats", "Crypto", "HTTPWire", "KubeProtocol", "HTTPTransport", "KubeClient",
      "KubeStore",
      "APIServer", "TestSupport",
    ]
  ),
  (
    "KubeClientTests",
    [
      "Basics", "Linux", "Formats", "KubeProtocol", "HTTPTransport", "KubeClient", "KubeStore", "APIServer",
    ]
  ),
  ("ControllerKitTests", ["Basics", "Linux", "Formats", "KubeProtocol", "KubeClient", "ControllerKit"]),
  (
    "WorkloadsTests",
    [
      "Basics", "Linux", "Formats", "KubeProtocol", "KubeClient", "KubeStore", "APIServer", "ControllerKit",
      "Workloads", "TestSupport", "KubeTestSupport",
    ]
  ),
  (
    "NodeAgentTests",
    [
      "Basics", "Linux", "Formats", "KubeProtocol", "HTTPTransport", "KubeClient", "KubeStore", "APIServer",
      "Telemetry", "ControllerKit", "NodeAgent", "PodSupervisorProbe", "KubeTestSupport",
    ]
  ),
  (
    "ServingControllersTests",
    [
      "Basics", "Linux", "Formats", "KubeProtocol", "ServingAPI", "KubeClient", "KubeStore", "APIServer",
      "ControllerKit", "Autoscaling", "ServingControllers", "TestSupport",
    ]
  ),
  (
    "AdmissionWebhookTests",
    [
      "Basics", "Linux", "Formats", "Crypto", "HTTPWire", "KubeProtocol", "ServingAPI", "HTTPTransport",
      "KubeClient", "KubeStore", "APIServer", "ControllerKit", "ServingControllers", "AdmissionWebhook",
    ]
  ),
  ("SidecarTests", ["Basics", "Linux", "ServingAPI", "ModelStorage", "Sidecar"]),
  (
    "SamplesTests",
    ["Basics", "Linux", "Formats", "KubeProtocol", "ServingAPI", "KubeClient", "KubeStore", "APIServer"]
  ),
  ("InferenceProtocolTests", ["Basics", "Formats", "InferenceProtocol", "TestSupport"]),
  (
    "ClassicRuntimeTests",
    ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "ClassicRuntime", "TestSupport"]
  ),
  ("ModelRuntimeTests", ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime"]),
  ("TreeEngineTests", ["Basics", "Linux", "InferenceProtocol", "ModelRuntime", "TreeEngine", "TestSupport"]),
  (
    "TreesRuntimeTests",
    ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "TreeEngine", "TreesRuntime"]
  ),
  (
    "ONNXRuntimeTests",
    ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "ONNXRuntime", "TestSupport"]
  ),
  (
    "PMMLRuntimeTests",
    ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "PMMLRuntime"]
  ),
  (
    "PythonRuntimeTests",
    ["Basics", "Linux", "Formats", "InferenceProtocol", "ModelRuntime", "PythonRuntime"]
  ),
  (
    "ModelServerTests",
    [
      "Basics", "Linux", "Formats", "HTTPWire", "InferenceProtocol", "HTTPTransport", "ModelRuntime",
      "ClassicRuntime", "ModelServer", "TestSupport",
    ]
  ),
  (
    "ModelStorageTests",
    ["Basics", "Linux", "Formats", "Crypto", "HTTPWire", "HTTPTransport", "ModelStorage"]
  ),
  (
    "GatewayTests",
    [
      "Basics", "Linux", "Formats", "HTTPWire", "KubeProtocol", "ServingAPI", "HTTPTransport", "KubeClient",
      "KubeStore", "APIServer", "Gateway", "TestSupport", "KubeTestSupport",
    ]
  ),
  (
    "CommandsTests",
    [
      "Basics", "Linux", "Formats", "KubeProtocol", "KubeClient", "ServingAPI", "ServingControllers",
      "Commands",
    ]
  ),
].filter { FileManager.default.fileExists(atPath: "\(Context.packageDirectory)/Tests/\($0.name)") }

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// `APUS_TESTS=NameTests,…` narrows the package to those test targets and what they need, for quick iterations.
let chosenTests: [(name: String, dependencies: [String])]
let narrowed: Bool
if let wanted = Context.environment["APUS_TESTS"], !wanted.isEmpty {
  let names = Set(wanted.split(separator: ",").map(String.init))
  chosenTests = tests.filter { names.contains($0.name) }
  narrowed = true
} else {
  chosenTests = tests
  narrowed = false
}

let needed: Set<String> = {
  var found = Set(chosenTests.flatMap(\.dependencies))
  for support in testSupport where found.contains(support.name) { found.formUnion(support.dependencies) }
  var pending = Array(found)
  while let name = pending.popLast() {
    for dependency in rows.first(where: { $0.name == name })?.dependencies ?? [] {
      if found.insert(dependency).inserted { pending.append(dependency) }
    }
  }
  return found
}()
func isNeeded(_ name: String, _ needed: Set<String>, _ narrowed: Bool) -> Bool {
  !narrowed || needed.contains(name)
}

var targets: [Target] = []
for (name, settings) in cTargets where isNeeded(name, needed, narrowed) {
  targets.append(.target(name: name, path: "Sources/CLibraries/\(name)", cSettings: settings))
}
for (name, _) in systemLibraries where isNeeded(name, needed, narrowed) {
  targets.append(.systemLibrary(name: name, path: "Sources/CLibraries/\(name)"))
}
for row in rows where isNeeded(row.name, needed, narrowed) {
  let folder = row.folder.isEmpty ? "Sources" : "Sources/\(row.folder)"
  // A C library is linked into whatever links the one Swift target that wraps it.
  let archives = systemLibraries.filter { row.dependencies.contains($0.name) }.flatMap(\.archive)
  targets.append(
    .target(
      name: row.name, dependencies: row.dependencies.map { .init(stringLiteral: $0) },
      path: "\(folder)/\(row.name)", swiftSettings: swiftSettings,
      linkerSettings: archives.map { .linkedLibrary($0) }))
}
for support in testSupport where isNeeded(support.name, needed, narrowed) {
  targets.append(
    .target(
      name: support.name, dependencies: support.dependencies.map { .init(stringLiteral: $0) },
      path: "Tests/Support/\(support.name)", swiftSettings: swiftSettings))
}
for (name, dependencies) in chosenTests {
  targets.append(
    .testTarget(
      name: name, dependencies: dependencies.map { .init(stringLiteral: $0) }, path: "Tests/\(name)",
      swiftSettings: swiftSettings))
}
if chosenTests.contains(where: { $0.name == "NodeAgentTests" }) {
  // The role `apus pod` alone, as a program that the node agent's tests start.
  targets.append(
    .executableTarget(
      name: "PodSupervisorProbe", dependencies: ["Linux", "NodeAgent"],
      path: "Tests/Support/PodSupervisorProbe",
      swiftSettings: swiftSettings))
}
if !narrowed {
  targets.append(
    .executableTarget(
      name: "ExactnessDriver",
      dependencies: [
        "Basics", "Linux", "InferenceProtocol", "ModelRuntime", "ClassicRuntime", "TreesRuntime",
        "ONNXRuntime", "PMMLRuntime",
      ],
      path: "Tests/Support/ExactnessDriver", swiftSettings: swiftSettings))
  // Times tree models in process, for `Benchmarks/trees.py`.
  targets.append(
    .executableTarget(
      name: "TreeBenchmark",
      dependencies: [
        "Basics", "Linux", "InferenceProtocol", "ModelRuntime", "ClassicRuntime", "TreesRuntime",
      ],
      path: "Tests/Support/TreeBenchmark", swiftSettings: swiftSettings))
  targets.append(
    .executableTarget(
      name: "apus", dependencies: ["Commands"], path: "Sources/apus", swiftSettings: swiftSettings))
}

let package = Package(name: "apus", targets: targets)
