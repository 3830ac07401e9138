/// The repository as a value that is asked by name.
extension ModelRepository {
  public struct Snapshot: Sendable {
    let repository: ModelRepository

    public var models: Models { Models(repository: repository) }
    public var names: [String] { repository.names }
    public var isReady: Bool { repository.isReady }
  }

  public struct Models: Sendable {
    let repository: ModelRepository

    public subscript(name: String) -> ModelEntry? { repository.entry(name) }
    public var values: [ModelEntry] { repository.entries() }
  }

  public func snapshot() -> Snapshot { Snapshot(repository: self) }
}

extension RepositoryView {
  var snapshot: ModelRepository.Snapshot { ModelRepository.Snapshot(repository: repository) }
}
