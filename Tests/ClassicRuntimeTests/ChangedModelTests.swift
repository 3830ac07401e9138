internal import Basics
@testable internal import ClassicRuntime
internal import InferenceProtocol
internal import ModelRuntime
internal import Testing

/// Fitted models, one attribute of which was changed.
@Suite("Models whose parts do not fit one another")
struct ChangedModelTests {
  private func graph(_ name: String) throws -> PickleGraph {
    try PickleMachine.read(try JoblibContainer.open(try Fixtures.bytes(name)))
  }

  /// Sets attributes of the first estimator of a class.
  private func change(
    _ graph: inout PickleGraph, _ className: String, _ changes: [String: PickleValue]
  ) throws {
    for node in graph.nodes {
      guard case .object(let object) = node, object.global.name == className,
        case .node(let index)? = object.state, case .dictionary(var entries) = graph.nodes[index]
      else { continue }
      for (name, value) in changes {
        let position = try #require(
          entries.firstIndex { if case .string(name) = $0.key { true } else { false } })
        entries[position].value = value
      }
      graph.nodes[index] = .dictionary(entries)
      return
    }
    Issue.record("there is no \(className)")
  }

  private func doubles(_ count: Int, in graph: inout PickleGraph) throws -> PickleValue {
    let array = NumpyArray(
      dtype: NumpyDType(kind: .float, itemSize: 8), shape: [count], isFortranOrder: false,
      storage: .raw(Bytes(repeating: 0, count: 8 * count)[...]))
    graph.nodes.append(.array(try #require(array)))
    return .node(graph.nodes.count - 1)
  }

  @Test("Probabilities of another number than there are pairs of classes are corrupt, not left out")
  func shortCalibration() throws {
    for name in ["_probA", "_probB"] {
      for count in [0, 1, 7] {
        var graph = try graph("svc-probability-1.9.1.pkl")
        let value = try doubles(count, in: &graph)
        try change(&graph, "SVC", [name: value])
        #expect(throws: BindError.corrupt("SVC.\(name) is not one number per pair of classes"), "\(count)") {
          try EstimatorBinder.bind(graph)
        }
      }
    }
  }

  @Test("probability=True that was set after fitting fails as predict_proba does; labels are served")
  func lateProbability() throws {
    var graph = try graph("svc-probability-1.9.1.pkl")
    let (slopes, offsets) = (try doubles(0, in: &graph), try doubles(0, in: &graph))
    try change(&graph, "SVC", ["_probA": slopes, "_probB": offsets])
    let estimator = try EstimatorBinder.bind(graph)
    let columns = estimator.fitted.identity.featureCount
    let rows = Tensor(
      name: "x", shape: [1, columns], values: .float64([Double](repeating: 1, count: columns)))
    let labels = ClassicModel(estimator, options: LoadOptions())
    #expect(try labels.predict([rows]).count == 1)
    let probabilities = ClassicModel(estimator, options: LoadOptions(predictsProbabilities: true))
    let error = #expect(throws: PredictError.self) { try probabilities.predict([rows]) }
    #expect("\(String(describing: error))".contains("predict_proba is not available"))
  }

  @Test("A version that is no text is corrupt; a later 1.x is read by the newest known rules")
  func versions() throws {
    var graph = try graph("svc-probability-1.9.1.pkl")
    try change(&graph, "SVC", ["_sklearn_version": .integer(5)])
    #expect(throws: BindError.corrupt("SVC says a scikit-learn version that is no text")) {
      try EstimatorBinder.bind(graph)
    }
    try change(&graph, "SVC", ["_sklearn_version": .string("1.23.4")])
    _ = try EstimatorBinder.bind(graph)
  }

  @Test("What is decoded is charged to the read's budget as well")
  func decoding() throws {
    var graph = try graph("svc-probability-1.9.1.pkl")
    graph.budget = ReadBudget(limit: 4096)
    #expect(throws: BindError.tooLarge(limit: 4096)) { try EstimatorBinder.bind(graph) }
    let message = ModelLoadError(BindError.tooLarge(limit: 64 << 20), path: "/m/model.joblib")
    #expect(message.code == .tooLarge)
    #expect(message.message.contains("more than 64 MiB of memory"))
  }

  @Test("One-byte zeros that would become doubles do not outgrow the budget")
  func wideningArrays() throws {
    var graph = try graph("svc-probability-1.9.1.pkl")
    graph.budget = ReadBudget(limit: 1 << 20)
    let array = NumpyArray(
      dtype: NumpyDType(kind: .signed, itemSize: 1), shape: [1 << 18, 4], isFortranOrder: false,
      storage: .raw(Bytes(repeating: 0, count: 1 << 20)[...]))
    graph.nodes.append(.array(try #require(array)))
    try change(&graph, "SVC", ["_intercept_": .node(graph.nodes.count - 1)])
    graph.byteCount += 1 << 20
    #expect(throws: BindError.tooLarge(limit: 1 << 20)) { try EstimatorBinder.bind(graph) }
  }

  @Test("Trees are given back once their nodes are taken over")
  func forests() throws {
    let graph = try graph("forest-regressor-1.5.2.joblib")
    let binder = EstimatorBinder(graph)
    let estimator = try #require(try binder.bind(graph.root))
    let used = binder.budget.used - graph.budget.used
    #expect(used >= estimator.fitted.memoryBytes)
    #expect(used < 2 * estimator.fitted.memoryBytes + 32 << 10)
  }
}
