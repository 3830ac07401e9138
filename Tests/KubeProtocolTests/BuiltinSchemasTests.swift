import Testing

internal import Formats
@testable import KubeProtocol

@Suite struct BuiltinSchemasTests {
  @Test func everyLineOfTheBuiltInTextsIsUnderstood() {
    #expect(BuiltinSchemas.problems.isEmpty)
  }

  @Test func malformedLinesAreNamed() {
    let (catalog, problems) = SchemaTextParser.catalog([
      "package p\ntype T\na: string nonsense=1\nb: Missing\nc: string = {bad\nstray line", "alias broken",
    ])
    #expect(problems.count == 5)
    #expect(catalog.definitions["p.T"]?.property("a")?.parts.kind == .string)
  }

  @Test func fieldsCarryTypesKeysAndDefaults() throws {
    let catalog = BuiltinSchemas.catalog
    let spec = try #require(catalog.definitions["io.k8s.api.core.v1.PodSpec"])
    let containers = try #require(spec.property("containers"))
    #expect(containers.parts.patchMergeKey == "name")
    #expect(containers.parts.listMapKeys == ["name"])
    #expect(spec.parts.required == ["containers"])
    let port = try #require(catalog.definitions["io.k8s.api.core.v1.ContainerPort"])
    #expect(port.property("protocol")?.parts.defaultValue == "TCP")
    let header = try #require(catalog.definitions["io.k8s.networking.gateway.v1.HTTPRouteFilter"])
    let modifier = try #require(header.property("requestHeaderModifier"))
    let items = catalog.resolve(modifier).property("add")?.parts.items
    // Names are looked up in the same package first.
    #expect(items?.parts.reference == "io.k8s.networking.gateway.v1.HTTPHeader")
  }
}
