/// Which files of a model folder count, per framework (as upstream's servers choose them).
enum FrameworkFiles {
  private static let table: [String: [String]] = [
    "sklearn": [".joblib", ".pkl", ".pickle"],
    "xgboost": [".bst", ".json", ".ubj"],
    "lightgbm": [".bst"],
    "pmml": [".pmml"],
    "onnx": [".onnx"],
  ]

  /// Nil for a framework whose files are unknown here.
  static func extensions(of framework: String) -> [String]? { table[framework.lowercased()] }

  /// Every extension that any framework uses, for servers that were told none.
  static let all: [String] = Array(Set(table.values.joined())).sorted()
}
