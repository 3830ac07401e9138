internal import ModelRuntime

/// The one table from the readers' errors to what people see.
extension ModelLoadError {
  init(_ error: JoblibError, path: String) {
    switch error {
    case .unsupportedCompression(let name):
      self.init(
        .unsupportedVersion,
        "The model file \(path) is compressed with \(name), which is not read here; save it again with "
          + "joblib.dump(model, path, compress='zlib') or compress=0.")
    case .corrupt(let offset, let reason):
      self.init(
        .corrupt, "The model file \(path) is corrupt at byte \(offset): \(reason); copy or save it again.")
    case .tooLarge(let reason):
      self.init(.tooLarge, "The model file \(path) is refused: \(reason); save it uncompressed (compress=0).")
    }
  }

  init(_ error: PickleError, path: String) {
    switch error {
    case .corrupt(let offset, let reason):
      self.init(
        .corrupt,
        "The model file \(path) is corrupt at byte \(offset): \(reason); copy or save it again with "
          + "joblib.dump."
      )
    case .refused(let offset, let name):
      self.init(
        .unsafeContent,
        "The model file \(path) is refused and nothing in it was run: at byte \(offset) it names \(name), "
          + "which is not on the closed list of scikit-learn and numpy types; "
          + "save only the fitted estimator.", value: name)
    case .unsupportedClass(let name):
      self.init(
        .unsupportedEstimator,
        "The model file \(path) holds a \(name), which has no native predictor; supported are "
          + "\(EstimatorBinder.supported). \(ModelLoadError.advice(for: name))", value: name)
    case .unsupported(let reason):
      self.init(.unsupportedVersion, "The model file \(path) cannot be read: \(reason).")
    case .limit(let offset, let reason):
      self.init(.tooLarge, "The model file \(path) is refused at byte \(offset): it has \(reason).")
    case .memory(let offset, let limit):
      self.init(
        .tooLarge,
        "The model file \(path) is refused at byte \(offset): what it describes takes more than "
          + "\(limit >> 20) MiB of memory, which no model of its size needs; save only the fitted estimator "
          + "with joblib.dump(model, path, compress=0).")
    }
  }

  /// The class of an estimator that is not served: `it holds a sklearn.mixture.…, which`; "" where a
  /// setting is at fault.
  private static func estimator(in reason: String) -> String {
    let words = reason.split(separator: " ")
    guard words.starts(with: ["it", "holds", "a"]), words.count > 3 else { return "" }
    return String(words[3].prefix { $0 != "," })
  }

  /// Boosters have formats of their own, which are read natively.
  private static func advice(for name: String) -> String {
    switch name.prefix(while: { $0 != "." }) {
    case "xgboost":
      "Save the model with model.save_model('model.ubj') and serve it with the format xgboost instead."
    case "lightgbm":
      "Save the model with model.booster_.save_model('model.txt') and serve it with the format lightgbm "
        + "instead."
    default: "Serve it with a runtime that runs Python instead."
    }
  }

  init(_ error: BindError, path: String) {
    switch error {
    case .corrupt(let reason):
      self.init(.corrupt, "The model file \(path) cannot be used: \(reason).")
    case .unsupported(let reason):
      self.init(
        .unsupportedEstimator, "The model file \(path) cannot be served: \(reason).",
        value: Self.estimator(in: reason))
    case .tooLarge(let limit):
      self.init(
        .tooLarge,
        "The model file \(path) is refused: the model takes more than \(limit >> 20) MiB of memory, which no "
          + "model of its size needs; save it again with joblib.dump(model, path, compress=0).")
    case .unsupportedVersion(let reason):
      self.init(.unsupportedVersion, "The model file \(path) cannot be read: \(reason).")
    }
  }
}
