internal import ModelRuntime

/// What is wrong with a model file, without its name.
enum ModelFileError: Error, Sendable, Hashable {
  case corrupt(offset: Int?, String)
  case unsupported(String)
  case tooLarge(String)

  func loadError(path: String, library: String) -> ModelLoadError {
    switch self {
    case .corrupt(let offset, let reason):
      let place = offset.map { " at byte \($0)" } ?? ""
      return ModelLoadError(
        .corrupt,
        "The \(library) model file \(path) is corrupt\(place): \(reason); copy it again, or save it again "
          + "with save_model.")
    case .unsupported(let reason):
      return ModelLoadError(
        .unsupportedVersion, "The \(library) model file \(path) cannot be served: \(reason).")
    case .tooLarge(let reason):
      return ModelLoadError(.tooLarge, "The \(library) model file \(path) is refused: \(reason).")
    }
  }
}
