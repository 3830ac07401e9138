extension XGBoostFile {
  /// From the document of `save_model` in JSON or UBJSON.
  init(_ document: ModelDocument) throws(ModelFileError) {
    // A pickled booster keeps its model beside its configuration.
    let root = document["Model"] ?? document
    let learner = try root.required("learner")
    let parameters = try learner.required("learner_model_param")
    objective = try learner.required("objective").required("name").text ?? ""
    baseScore = try XGBoostFile.baseScore(try parameters.required("base_score"))
    featureCount = try XGBoostFile.count(parameters, "num_feature", default: nil)
    let classes = try XGBoostFile.count(parameters, "num_class", default: 0)
    let targets = try XGBoostFile.count(parameters, "num_target", default: 1)
    outputCount = max(classes, targets, 1)
    guard outputCount <= 1 << 20 else { throw .corrupt(offset: nil, "it has \(outputCount) outputs") }
    if case .object(let members)? = learner["attributes"] {
      for member in members { attributes[member.key] = member.value.text }
    }
    if let names = learner["feature_names"]?.texts, !names.isEmpty { featureNames = names }
    let booster = try learner.required("gradient_booster")
    let name = try booster.required("name").text ?? ""
    switch name {
    case "gblinear":
      let weights = try booster.required("model").required("weights").doubles
      guard let weights, weights.count == (featureCount + 1) * outputCount else {
        throw .corrupt(offset: nil, "its linear booster does not have one weight per feature and output")
      }
      self.booster = .linear(weights.map { Float($0) })
    case "gbtree", "dart":
      let holder = name == "dart" ? try booster.required("gbtree") : booster
      let model = try holder.required("model")
      var trees = try XGBoostTrees(model)
      if name == "dart" {
        guard let weights = try booster.required("weight_drop").doubles,
          trees.weigh(by: weights.map { Float($0) })
        else { throw .corrupt(offset: nil, "its DART booster does not have one weight per tree") }
      }
      iterationStarts = XGBoostFile.iterations(model, trees)
      self.booster = .trees(trees)
    default: throw .unsupported("its booster '\(name)' is unknown (gbtree, dart and gblinear are)")
    }
  }

  private static func count(
    _ parameters: ModelDocument, _ key: String, default fallback: Int?
  ) throws(ModelFileError) -> Int {
    if let value = parameters[key]?.integer, value >= 0, value < Int(Int32.max) { return value }
    if parameters[key] == nil, let fallback { return fallback }
    throw .corrupt(offset: nil, "'\(key)' is no count")
  }

  /// `"5E-1"`, or since 3.1 `"[5E-1,1E0]"`.
  static func baseScore(_ document: ModelDocument) throws(ModelFileError) -> [Float] {
    if case .number(let number) = document { return [Float(number)] }
    let text = document.text ?? ""
    let parts = text.drop { $0 == "[" }.prefix { $0 != "]" }.split(separator: ",")
    let scores = parts.compactMap { part in Float(String(part).filter { $0 != " " }) }
    guard !scores.isEmpty, scores.count == parts.count else {
      throw .corrupt(offset: nil, "its base score '\(text.prefix(40))' is no number")
    }
    return scores
  }

  private static func iterations(_ model: ModelDocument, _ trees: XGBoostTrees) -> [Int] {
    if let starts = model["iteration_indptr"]?.doubles { return starts.map { Int(exactly: $0) ?? 0 } }
    let parallel = model["gbtree_model_param"]?["num_parallel_tree"]?.integer ?? 1
    return XGBoostFile.iterations(trees, parallel: parallel)
  }

  /// Before 2.0: every iteration has `parallel` trees per output.
  static func iterations(_ trees: XGBoostTrees, parallel: Int) -> [Int] {
    let (layer, overflow) = max(parallel, 1).multipliedReportingOverflow(
      by: trees.greatestOutput + 1)
    return overflow ? [] : Array(stride(from: 0, through: trees.count, by: layer))
  }
}

extension XGBoostTree {
  init(_ document: ModelDocument, number: Int) throws(ModelFileError) {
    let count = document["tree_param"]?["num_nodes"]?.integer ?? 0
    left = try XGBoostTree.integers(document, "left_children", number, count)
    right = try XGBoostTree.integers(document, "right_children", number, count)
    features = try XGBoostTree.integers(document, "split_indices", number, count)
    conditions = try XGBoostTree.floats(document, "split_conditions", number, count)
    defaultLeft = try XGBoostTree.present(
      document["default_left"]?.flags(expecting: count), "default_left", number)
    let nodes = left.count
    guard nodes > 0, count == nodes, right.count == nodes, features.count == nodes, conditions.count == nodes,
      defaultLeft.count == nodes
    else { throw .corrupt(offset: nil, "tree \(number) has lists of different lengths") }
    if XGBoostTree.leafWidth(of: document) > 1 {
      // Since 3.2 the leaves are numbered, by what stands for their right child.
      if let weights = document["leaf_weights"]?.floats(expecting: count), !weights.isEmpty {
        leafVectors = weights
        leafNumbers = right
      } else {
        leafVectors = try XGBoostTree.floats(document, "base_weights", number, count)
        leafNumbers = (0..<nodes).map { Int32($0) }
      }
    }
    try readCategories(document, number)
  }

  /// How many values a leaf holds.
  static func leafWidth(of document: ModelDocument) -> Int {
    document["tree_param"]?["size_leaf_vector"]?.integer ?? 1
  }

  private static func present<Value>(
    _ value: Value?, _ key: String, _ number: Int
  ) throws(ModelFileError) -> Value {
    guard let value else {
      throw .corrupt(offset: nil, "tree \(number) has no list '\(key)' of the right numbers")
    }
    return value
  }

  private static func floats(
    _ document: ModelDocument, _ key: String, _ number: Int, _ count: Int
  ) throws(ModelFileError) -> [Float] {
    try present(document[key]?.floats(expecting: count), key, number)
  }

  private static func integers(
    _ document: ModelDocument, _ key: String, _ number: Int, _ count: Int = 0
  ) throws(ModelFileError) -> [Int32] {
    try present(document[key]?.integers(expecting: count), key, number)
  }

  private mutating func readCategories(_ document: ModelDocument, _ number: Int) throws(ModelFileError) {
    guard document["split_type"] != nil,
      let nodes = document["categories_nodes"]?.integers(expecting: 0), !nodes.isEmpty
    else { return }
    let types = try XGBoostTree.integers(document, "split_type", number, left.count)
    let starts = try XGBoostTree.integers(document, "categories_segments", number)
    let sizes = try XGBoostTree.integers(document, "categories_sizes", number)
    let all = try XGBoostTree.integers(document, "categories", number)
    guard starts.count == nodes.count, sizes.count == nodes.count, types.count == left.count else {
      throw .corrupt(offset: nil, "tree \(number) has category lists of different lengths")
    }
    for (index, value) in nodes.enumerated() {
      let start = Int(starts[index])
      let end = start + Int(sizes[index])
      let node = Int(value)
      guard left.indices.contains(node), start >= 0, end > start,
        end <= all.count
      else { throw .corrupt(offset: nil, "tree \(number) has categories beyond its lists") }
      guard types[node] == 1 else { continue }
      var bits: [UInt32] = []
      for category in all[start..<end] {
        guard category >= 0, category < 1 << 24 else {
          throw .corrupt(offset: nil, "tree \(number) has the category \(category)")
        }
        let word = Int(category) >> 5
        while bits.count <= word { bits.append(0) }
        bits[word] |= 1 << UInt32(category & 31)
      }
      categories[node] = bits
    }
  }
}
