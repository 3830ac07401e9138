import APIServer
import Formats
import KubeClient
import KubeProtocol
import KubeStore
import ServingAPI
import Testing

/// Every file under `samples/` is what upstream's users write; nothing of it may be lost or told off.
@Suite struct SamplesTests {
  @Test func thereAreSamplesOfEveryKind() throws {
    let samples = try Sample.all()
    #expect(samples.count >= 40)
    let kinds = Set(samples.flatMap(\.objects).map(\.kind))
    let serving = ServingCRDs.all.compactMap { $0.json.at("spec", "names", "kind")?.string }
    #expect(Set(serving).subtracting(kinds) == [])
  }

  @Test func applyThenGetLosesNothingAndWarnsOfNothing() async throws {
    let server = APIServer(store: MemoryStore(), preinstalledCRDs: ServingCRDs.all)
    try await server.start()
    do {
      for sample in try Sample.all() {
        // Each in a namespace of its own: two samples may use the same name.
        let namespace = "s-" + sample.name.replacing("/", with: "-").replacing(".", with: "-")
        _ = try await server.client.create(.namespaces, KubeObject(.namespaces, name: namespace))
        for object in sample.objects { try await roundTrip(object, namespace, server, sample.name) }
      }
    } catch {
      await server.stop()
      throw error
    }
    await server.stop()
  }

  private func roundTrip(
    _ object: KubeObject, _ namespace: String, _ server: APIServer, _ sample: String
  ) async throws {
    let resource = Sample.resource(of: object)
    let created = try await server.send(
      KubeRequest(
        method: "POST", path: resource.path(namespace: namespace), query: [("fieldValidation", "Strict")],
        body: .json(object.json)))
    let comment: Comment = "\(sample): \(object.kind) \(object.name)"
    if case .json(let answer) = created.body, created.status != 201 {
      Issue.record("\(sample): \(object.kind): \(answer["message"]?.string ?? "")")
      return
    }
    #expect(created.warnings == [], comment)
    let stored = try await server.client.get(
      resource, namespace: resource.isNamespaced ? namespace : "", name: object.name)
    #expect(Sample.lost(object.json, in: stored.json) == [], comment)
    if resource.isNamespaced { return }
    _ = try await server.send(
      KubeRequest(method: "DELETE", path: resource.path(name: object.name), body: .none))
  }

  @Test func admissionTakesThemAsTheyAre() throws {
    let configuration = InferenceServiceConfig(platform: .init())
    for sample in try Sample.all() {
      for object in sample.objects where object.groupVersionKind.group == "serving.kserve.io" {
        let defaulted = ServingDefaulting.apply(to: object, configuration: configuration)
        let causes = ServingValidation.causes(defaulted, old: nil, configuration: configuration)
        #expect(causes == [], "\(sample.name): \(object.kind) \(object.name)")
        #expect(ServingDefaulting.apply(to: defaulted, configuration: configuration) == defaulted)
      }
    }
  }

  /// On a cluster, the definitions that `apus manifests` prints know every field of them too.
  @Test func theDefinitionsForAnyClusterKnowEveryField() throws {
    let definitions = Dictionary(
      uniqueKeysWithValues: SelfContainedCRDs.all.map {
        ($0.json.at("spec", "names", "kind")?.string ?? "", $0)
      })
    for sample in try Sample.all() {
      for object in sample.objects {
        guard let definition = definitions[object.kind] else { continue }
        let versions = definition.json.at("spec", "versions")?.array ?? []
        let version = try #require(versions.first { $0["name"]?.string == object.groupVersionKind.version })
        let schema = try Schema.structural(
          openAPIV3: try #require(version.at("schema", "openAPIV3Schema")))
        var pruned = object.json
        let unknown = SchemaPruner(schema: schema, catalog: SchemaCatalog()).prune(&pruned)
        #expect(unknown == [], "\(sample.name)")
        let causes = SchemaValidator(schema: schema, catalog: SchemaCatalog()).validate(object.json, at: "")
        #expect(causes == [], "\(sample.name)")
      }
    }
  }
}
