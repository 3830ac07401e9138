/// A booster's trees by their numbers. Those of a document are read one at a time, as they are laid out: all
/// their lists at once would take more memory than the model.
struct XGBoostTrees {
  private enum Source {
    case read([XGBoostTree])
    case documents([ModelDocument], outputs: [Int])
  }

  private let source: Source
  /// DART's; none means 1 for all.
  private var weights: [Float] = []
  private(set) var count: Int

  init(_ trees: [XGBoostTree]) {
    source = .read(trees)
    count = trees.count
  }

  /// - Parameter model: what holds `trees` and `tree_info`.
  init(_ model: ModelDocument) throws(ModelFileError) {
    guard let documents = try model.required("trees").elements,
      let groups = try model.required("tree_info").doubles, groups.count == documents.count
    else { throw .corrupt(offset: nil, "'trees' and 'tree_info' do not fit together") }
    let outputs = groups.compactMap { Int(exactly: $0) }
    guard outputs.count == groups.count else {
      throw .corrupt(offset: nil, "'tree_info' is no list of integers")
    }
    var placed = [ModelDocument?](repeating: nil, count: documents.count)
    for (index, document) in documents.enumerated() {
      let place = document["id"]?.integer ?? index
      guard placed.indices.contains(place), placed[place] == nil else {
        throw .corrupt(offset: nil, "tree \(index) has the number \(place)")
      }
      placed[place] = document
    }
    source = .documents(placed.compactMap { $0 }, outputs: outputs)
    count = documents.count
  }

  func tree(_ number: Int) throws(ModelFileError) -> XGBoostTree {
    var tree: XGBoostTree
    switch source {
    case .read(let trees): tree = trees[number]
    case .documents(let documents, let outputs):
      tree = try XGBoostTree(documents[number], number: number)
      tree.output = outputs[number]
    }
    if !weights.isEmpty { tree.weight = weights[number] }
    return tree
  }

  /// - Returns: false where there is not one weight per tree.
  mutating func weigh(by weights: [Float]) -> Bool {
    guard weights.count == count else { return false }
    self.weights = weights
    return true
  }

  /// Leaves the later ones out.
  func prefix(_ length: Int) -> XGBoostTrees {
    var some = self
    some.count = min(count, max(length, 0))
    return some
  }

  var greatestOutput: Int {
    switch source {
    case .read(let trees): trees.reduce(0) { max($0, $1.output) }
    case .documents(_, let outputs): outputs.reduce(0) { max($0, $1) }
    }
  }

  /// Whether leaves hold a value for each output.
  var haveVectors: Bool {
    switch source {
    case .read(let trees): trees.prefix(count).contains { $0.leafVectors != nil }
    case .documents(let documents, _): documents.prefix(count).contains { XGBoostTree.leafWidth(of: $0) > 1 }
    }
  }

  /// No fewer than there are nodes, and not many more.
  var nodeEstimate: Int {
    switch source {
    case .read(let trees): trees.prefix(count).reduce(0) { $0 + $1.left.count }
    case .documents(let documents, _):
      documents.prefix(count).reduce(0) { sum, document in
        guard case .numbers(let list)? = document["left_children"] else { return sum }
        return sum + list.countLimit
      }
    }
  }
}
