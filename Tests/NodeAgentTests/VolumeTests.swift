import Basics
import Formats
import KubeProtocol
import Linux
import Testing

@testable import NodeAgent

private func plan(
  _ spec: String, references: PodReferences = PodReferences(),
  claims: @escaping ClaimResolver = { _, _ in nil }
) throws -> VolumePlan {
  let pod = PodSpec(try makePod(spec))
  return try VolumePlan(
    pod: pod,
    downward: DownwardAPI(
      pod: pod, podAddress: "127.16.0.5", hostAddress: "127.0.0.1", processors: 4, memoryBytes: 8 << 30),
    references: references, claims: claims)
}

@Suite struct VolumeTests {
  @Test func everyKindOfVolumeBecomesFolderOrFiles() async throws {
    let spec = #"""
      {"volumes": [
        {"name": "scratch", "emptyDir": {"medium": "Memory"}},
        {"name": "config", "configMap": {"name": "m",
          "items": [{"key": "a", "path": "sub/a.txt", "mode": 256}]}},
        {"name": "secret", "secret": {"secretName": "s"}},
        {"name": "claim", "persistentVolumeClaim": {"claimName": "samples"}},
        {"name": "all", "projected": {"sources": [{"configMap": {"name": "m"}},
          {"downwardAPI": {"items": [{"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
          {"secret": {"name": "gone", "optional": true}}]}}], "containers": []}
      """#
    let references = PodReferences(
      configMaps: ["m": ["a": Bytes("A".utf8), "b": Bytes("B".utf8)]],
      secrets: ["s": ["token": Bytes("t".utf8)]])
    try await withTemporaryFolder { folder in
      let made = try plan(spec, references: references) { namespace, claim in
        namespace == "default" && claim == "samples" ? folder : nil
      }
      let directory = PodDirectory(dataDirectory: folder, uid: "u1")
      try directory.prepare(made)
      try Files.writeAtomically([1], to: "\(directory.volume("scratch"))/kept")
      try directory.prepare(made)
      #expect(try Files.list(directory.volume("scratch")) == ["kept"])
      #expect(try Files.read("\(directory.volume("config"))/sub/a.txt") == Bytes("A".utf8))
      #expect(try Files.status("\(directory.volume("config"))/sub/a.txt").mode & 0o777 == 0o400)
      #expect(try Files.list(directory.volume("secret")) == ["token"])
      #expect(try Files.list(directory.volume("all")) == ["a", "b", "name"])
      #expect(made.contents["claim"] == .host(path: folder, createDirectory: false, mustExist: true))
      try directory.remove()
      #expect(!directory.exists)
    }
  }

  @Test(
    arguments: [
      (#"{"name": "v", "configMap": {"name": "m"}}"#, "configmap \"m\" not found"),
      (
        #"{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}"#,
        "persistentvolumeclaim \"c\" not found"
      ),
      (#"{"name": "v", "nfs": {"server": "x"}}"#, "volume \"v\": nfs is not supported on this node"),
      (#"{"name": "../v", "emptyDir": {}}"#, "a volume has no usable name"),
      (
        #"""
        {"name": "v", "downwardAPI": {
          "items": [{"path": "../../x", "fieldRef": {"fieldPath": "metadata.name"}}]}}
        """#,
        "must be relative"
      ),
    ])
  func aVolumeThatCannotBeMadeSaysWhy(volume: String, message: String) throws {
    let error = #expect(throws: ContainerConfigurationError.self) {
      _ = try plan(#"{"volumes": [\#(volume)], "containers": []}"#)
    }
    #expect(error?.description.contains(message) == true)
  }

  @Test(
    arguments: [
      ("--model_dir=/mnt/models", "--model_dir=/data/v"), ("/mnt/models/a.joblib", "/data/v/a.joblib"),
      ("/mnt/models2", "/mnt/models2"), ("/srv/mnt/models", "/srv/mnt/models"),
      ("file:///mnt/models/x", "file:///data/v/x"),
      ("pvc://claim/mnt/models", "pvc://claim/mnt/models"),
      ("cat /mnt/models /mnt/models", "cat /data/v /data/v"),
      ("/mnt/models/deep/x", "/data/deep/x"), ("/mnt/models-old", "/mnt/models-old"),
      ("PATH=/bin:/mnt/models", "PATH=/bin:/data/v"),
      ("", ""), ("größe /mnt/models", "größe /data/v"),
    ])
  func mountPathsAreReplacedWherePathsBeginAndEnd(text: String, expected: String) {
    let rewriting = PathRewriting([
      ("/mnt/models/", "/data/v"), ("/mnt/models/deep", "/data/deep"), ("/", "/no"),
    ])
    #expect(rewriting.rewrite(text) == expected)
  }

  @Test func aSubPathMustStayInItsVolume() throws {
    let pod = PodSpec(
      try makePod(
        #"""
        {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [
          {"name": "a", "volumeMounts": [{"name": "v", "mountPath": "/m", "subPath": "x/y"}]},
          {"name": "b", "volumeMounts": [{"name": "v", "mountPath": "/m", "subPath": "../y"}]},
          {"name": "c", "volumeMounts": [{"name": "w", "mountPath": "/m"}]}]}
        """#))
    let made = try plan(#"{"volumes": [{"name": "v", "emptyDir": {}}], "containers": []}"#)
    let directory = PodDirectory(dataDirectory: "/d", uid: "u")
    let mounts = try directory.mounts(of: pod.mainContainers[0], plan: made, variables: [:])
    #expect(mounts.map(\.realPath) == ["/d/pods/u/termination/a", "/d/pods/u/volumes/v/x/y"])
    for container in pod.mainContainers.dropFirst() {
      #expect(throws: ContainerConfigurationError.self) {
        _ = try directory.mounts(of: container, plan: made, variables: [:])
      }
    }
  }
}
