import Basics
import Formats
import KubeProtocol
import Testing

@testable import NodeAgent

private func downward(_ spec: String) throws -> DownwardAPI {
  var pod = try makePod(spec)
  pod.labels = ["app": "iris", "tier": "a\"b"]
  pod.annotations = ["note": "hello"]
  return DownwardAPI(
    pod: PodSpec(pod), podAddress: "127.16.0.5", hostAddress: "127.0.0.1", processors: 4, memoryBytes: 8 << 30
  )
}

@Suite struct EnvironmentTests {
  @Test(
    arguments: [
      ("a $(NAME) b", "a value b"), ("$(UNKNOWN)", "$(UNKNOWN)"), ("$$(NAME)", "$(NAME)"), ("$", "$"),
      ("$(NAME", "$(NAME"), ("cost: 5$ $(NAME)", "cost: 5$ value"), ("$$$(NAME)", "$value"), ("", ""),
    ])
  func referencesAreExpandedAsInKubernetes(text: String, expected: String) throws {
    #expect(try VariableExpansion.expand(text, ["NAME": "value"]) == expected)
  }

  @Test func variablesThatDoubleEachOtherAreRefusedBeforeTheyFillTheMemory() throws {
    var variables: [JSONValue] = [["name": "A0", "value": .string(String(repeating: "x", count: 1000))]]
    for number in 1...40 {
      variables.append([
        "name": .string("A\(number)"), "value": .string("$(A\(number - 1))$(A\(number - 1))"),
      ])
    }
    let spec: JSONValue = ["containers": [["name": "main", "image": "i", "env": .array(variables)]]]
    let downward = try downward(spec.encodedText)
    let container = try #require(downward.pod.container("main"))
    let resolver = EnvironmentResolver(downward: downward, references: PodReferences())
    let error = #expect(throws: ContainerConfigurationError.self) {
      try resolver.resolve(container)
    }
    #expect(error?.description.contains("131072 bytes") == true)
  }

  @Test func variablesComeFromTheSpecTheirPodAndItsObjects() throws {
    let spec = #"""
      {"nodeName": "n1", "serviceAccountName": "sa", "containers": [{"name": "main",
        "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "250m"}},
        "envFrom": [{"configMapRef": {"name": "settings"}, "prefix": "C_"},
          {"secretRef": {"name": "no", "optional": true}}],
        "env": [
          {"name": "A", "value": "1"}, {"name": "B", "value": "$(A)-$(C_x)-$(Z)"},
          {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
          {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
          {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
          {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}}},
          {"name": "CORES", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
          {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}},
          {"name": "NONE", "valueFrom": {"configMapKeyRef": {"name": "x", "key": "y", "optional": true}}},
          {"name": "A", "value": "2"}]}]}
      """#
    let downward = try downward(spec)
    let resolver = EnvironmentResolver(
      downward: downward,
      references: PodReferences(
        configMaps: ["settings": ["x": Bytes("y".utf8)]], secrets: ["s": ["password": Bytes("hush".utf8)]]))
    let resolved = try resolver.resolve(downward.pod.mainContainers[0])
    let values = Dictionary(resolved.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    #expect(
      values == [
        "C_x": "y", "A": "2", "B": "1-y-$(Z)", "IP": "127.16.0.5", "APP": "iris", "MEM": "1024", "CPU": "250",
        "CORES": "4", "KEY": "hush",
      ])
    #expect(resolved.count == values.count)
  }

  @Test func aMissingObjectOrKeyIsNamed() throws {
    let downward = try downward(
      #"""
      {"containers": [
        {"name": "a", "env": [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}]},
        {"name": "b", "envFrom": [{"secretRef": {"name": "s"}}]},
        {"name": "c", "env": [{"name": "X", "valueFrom": {"fieldRef": {"fieldPath": "spec.nonsense"}}}]}]}
      """#)
    let resolver = EnvironmentResolver(downward: downward, references: PodReferences(configMaps: ["m": [:]]))
    let messages = downward.pod.mainContainers.map { container -> String in
      do {
        _ = try resolver.resolve(container)
        return "no error"
      } catch {
        return "\(error)"
      }
    }
    #expect(
      messages == [
        "key \"k\" not found in configmap \"m\"", "secret \"s\" not found",
        "fieldRef: the field \"spec.nonsense\" is not supported",
      ])
  }
}
