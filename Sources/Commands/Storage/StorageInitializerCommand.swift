internal import ModelStorage

/// `apus storage-initializer SRC DEST…`: the init container that brings a model to its pod.
enum StorageInitializerCommand {
  static let verb = Verb.reporting("storage-initializer", "fetch models: SRC DEST [SRC DEST …]") {
    arguments in
    StorageInitializer().run(arguments: arguments)
  }
}
