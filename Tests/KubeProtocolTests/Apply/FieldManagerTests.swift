internal import Formats
internal import KubeProtocol
internal import Testing

/// The rules of server-side apply, on Deployments.
@Suite struct FieldManagerTests {
  private let fields = FieldManager(
    schema: .reference("io.k8s.api.apps.v1.Deployment"), catalog: BuiltinSchemas.catalog,
    apiVersion: "apps/v1", hasStatus: true)

  private func deployment(_ spec: String, labels: String = "{}") throws -> JSONValue {
    try JSONValue(
      parsing:
        #"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","labels":\#(labels)},"spec":\#(spec)}"#
    )
  }

  private func apply(
    _ configuration: JSONValue, _ state: inout (object: JSONValue, managed: ManagedFields), _ manager: String,
    force: Bool = false
  ) throws {
    state = try fields.apply(
      configuration, to: state.object, state.managed, manager: manager, force: force,
      time: "2026-01-01T00:00:00Z")
  }

  private var bare: (object: JSONValue, managed: ManagedFields) {
    (["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"]], ManagedFields())
  }

  @Test func anApplierOwnsWhatItSendsAndLosesWhatItDrops() throws {
    var state = bare
    try apply(
      deployment(#"{"replicas":2,"minReadySeconds":5}"#, labels: #"{"a":"1","b":"2"}"#), &state, "one")
    #expect(state.object.at("spec", "minReadySeconds") == 5)
    try apply(deployment(#"{"replicas":3}"#, labels: #"{"a":"1"}"#), &state, "one")
    #expect(state.object["spec"] == ["replicas": 3])
    #expect(state.object.at("metadata", "labels") == ["a": "1"])
    let entry = try #require(state.managed.entries.values.first)
    #expect(
      entry.fields.fieldsV1 == [
        "f:metadata": ["f:labels": ["f:a": [:]]], "f:spec": ["f:replicas": [:]],
      ])
  }

  @Test func whatAnotherManagerOwnsIsAConflictUnlessForced() throws {
    var state = bare
    try apply(deployment(#"{"replicas":2}"#), &state, "one")
    let wish = try deployment(#"{"replicas":3}"#)
    do {
      try apply(wish, &state, "two")
      Issue.record("no conflict")
    } catch let error as ApplyConflicts {
      let answer = error.kubeError
      #expect(answer.message == #"Apply failed with 1 conflict: conflict with "one": .spec.replicas"#)
      #expect(
        answer.causes == [
          .init(reason: "FieldManagerConflict", message: #"conflict with "one""#, field: ".spec.replicas")
        ])
    }
    try apply(wish, &state, "two", force: true)
    #expect(state.object.at("spec", "replicas") == 3)
    let owners = state.managed.entries.filter {
      $0.value.fields.contains([.field("spec"), .field("replicas")])
    }
    #expect(owners.keys.map(\.name) == ["two"])
  }

  @Test func equalValuesAreShared() throws {
    var state = bare
    try apply(deployment(#"{"replicas":2}"#), &state, "one")
    try apply(deployment(#"{"replicas":2}"#), &state, "two")
    #expect(state.managed.entries.count == 2)
    // The first gives up; the second still wants the field.
    try apply(deployment(#"{"paused":true}"#), &state, "one")
    #expect(state.object["spec"] == ["replicas": 2, "paused": true])
  }

  @Test func containersAreMergedByNameAndPortsByTheirKeys() throws {
    var state = bare
    try apply(
      deployment(
        #"{"template":{"spec":{"containers":[{"name":"a","image":"x","ports":[{"containerPort":80}]},{"name":"b"}]}}}"#
      ),
      &state, "one")
    try apply(
      deployment(
        #"{"template":{"spec":{"containers":[{"name":"c","image":"z"},{"name":"a","env":[{"name":"E","value":"1"}],"ports":[{"containerPort":80,"protocol":"TCP","name":"web"}]}]}}}"#
      ),
      &state, "two")
    let containers = try #require(state.object.at("spec", "template", "spec", "containers")?.array)
    #expect(Set(containers.compactMap { $0["name"]?.string }) == ["a", "b", "c"])
    let first = try #require(containers.first { $0["name"] == "a" })
    #expect(first["image"] == "x")
    #expect(first["ports"]?.array?.count == 1)
    #expect(first.at("ports")?[0]?["name"] == "web")
    // Dropping its container takes the element away, but not the one that both have.
    try apply(deployment(#"{"template":{"spec":{"containers":[{"name":"b"}]}}}"#), &state, "one")
    let left = try #require(state.object.at("spec", "template", "spec", "containers")?.array)
    #expect(Set(left.compactMap { $0["name"]?.string }) == ["a", "b", "c"])
    #expect(left.first { $0["name"] == "a" }?["image"] == nil)
    try apply(deployment(#"{}"#), &state, "two")
    #expect(state.object.at("spec", "template", "spec", "containers") == [["name": "b"]])
  }

  @Test func selectorsAndArgumentsAreOfOnePiece() throws {
    var state = bare
    try apply(deployment(#"{"selector":{"matchLabels":{"a":"1"}}}"#), &state, "one")
    #expect(throws: ApplyConflicts.self) {
      try apply(deployment(#"{"selector":{"matchLabels":{"b":"1"}}}"#), &state, "two")
    }
    try apply(deployment(#"{"selector":{"matchLabels":{"b":"1"}}}"#), &state, "two", force: true)
    #expect(state.object.at("spec", "selector") == ["matchLabels": ["b": "1"]])
  }

  @Test func anUpdaterOwnsWhatItChangesAndTakesItFromAppliers() throws {
    var state = bare
    try apply(deployment(#"{"replicas":2,"paused":true}"#), &state, "one")
    var changed = state.object
    changed.set(7, at: "spec", "replicas")
    state.managed = fields.update(
      state.managed, old: state.object, new: changed, manager: "kubectl-scale", time: "2026-01-02T00:00:00Z")
    state.object = changed
    #expect(state.managed.entries.count == 2)
    do {
      try apply(deployment(#"{"replicas":2,"paused":true}"#), &state, "one")
      Issue.record("no conflict")
    } catch let error as ApplyConflicts {
      #expect(
        error.kubeError.message
          == #"Apply failed with 1 conflict: conflict with "kubectl-scale" using apps/v1 at 2026-01-02T00:00:00Z: .spec.replicas"#
      )
    }
    // Not to name the field leaves it to the one who changed it.
    try apply(deployment(#"{"paused":true}"#), &state, "one")
    #expect(state.object.at("spec", "replicas") == 7)
  }

  @Test func severalConflictsAreListedByManager() throws {
    var state = bare
    try apply(deployment(#"{"replicas":2}"#), &state, "one")
    try apply(deployment(#"{"paused":true,"minReadySeconds":1}"#), &state, "three")
    do {
      try apply(deployment(#"{"replicas":1,"paused":false,"minReadySeconds":2}"#), &state, "two")
      Issue.record("no conflict")
    } catch let error as ApplyConflicts {
      #expect(
        error.kubeError.message == """
          Apply failed with 3 conflicts: conflicts with "one":
          - .spec.replicas
          conflicts with "three":
          - .spec.minReadySeconds
          - .spec.paused
          """)
    }
  }

  @Test func statusIsTheStatusWritersAlone() throws {
    let status = FieldManager(
      schema: .reference("io.k8s.api.apps.v1.Deployment"), catalog: BuiltinSchemas.catalog,
      apiVersion: "apps/v1", subresource: "status", hasStatus: true)
    var live = try deployment(#"{"replicas":2}"#)
    var wish = live
    wish["status"] = ["replicas": 1]
    wish.set(9, at: "spec", "replicas")
    let (object, managed) = try status.apply(
      wish, to: live, ManagedFields(), manager: "s", force: false, time: "")
    live["status"] = ["replicas": 1]
    #expect(object == live)
    #expect(managed.entries.values.first?.fields.fieldsV1 == ["f:status": ["f:replicas": [:]]])
  }

  @Test func tooManyUpdatersArePutTogether() throws {
    var managed = ManagedFields()
    var object = try deployment("{}")
    for number in 0..<20 {
      var next = object
      next.set(.string("\(number)"), at: "metadata", "annotations", "a\(number)")
      managed = fields.update(
        managed, old: object, new: next, manager: "m\(number)",
        time: "2026-01-01T00:00:\(number < 10 ? "0" : "")\(number)Z")
      object = next
    }
    #expect(managed.entries.count == 10)
    #expect(managed.entries.keys.contains { $0.name == "ancient-changes" })
    let all = managed.entries.values.reduce(FieldSet()) { $0.union($1.fields) }
    #expect(
      (0..<20).allSatisfy { all.contains([.field("metadata"), .field("annotations"), .field("a\($0)")]) })
  }

  @Test func managedFieldsSurviveTheirText() throws {
    var state = bare
    try apply(deployment(#"{"replicas":2}"#), &state, "one")
    state.managed = fields.update(
      state.managed, old: bare.object, new: state.object, manager: "u", time: "2026-01-01T00:00:00Z")
    let again = try #require(ManagedFields(json: state.managed.json))
    #expect(again == state.managed)
    #expect(ManagedFields(json: [["manager": "x"]]) == nil)
    #expect(ManagedFields(json: "x") == nil)
    #expect(ManagedFields.isReset([[:]]))
  }
}
