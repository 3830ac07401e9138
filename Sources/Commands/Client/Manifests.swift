internal import Basics
internal import Formats
internal import KubeProtocol
internal import Linux

/// The objects in the files that `-f` names.
enum Manifests {
  /// - Parameter paths: files, folders (their `.yaml`, `.yml` and `.json` files), or `-` for standard input.
  static func read(_ paths: [String]) throws -> [(object: KubeObject, source: String)] {
    guard !paths.isEmpty else { throw UsageError(message: "name the files by -f") }
    var objects: [(KubeObject, String)] = []
    for path in try paths.flatMap(expand) {
      let bytes: Bytes
      do {
        bytes =
          path == "-" ? try Files.read("/dev/stdin", limit: 64 << 20) : try Files.read(path, limit: 64 << 20)
      } catch {
        throw UsageError(message: "\(path) cannot be read: \(error.reason)")
      }
      objects += try parse(bytes, source: path == "-" ? "standard input" : path).map { ($0, path) }
    }
    return objects
  }

  /// The documents of one file; a `List` stands for its items.
  static func parse(_ bytes: Bytes, source: String) throws -> [KubeObject] {
    var duplicates: [String] = []
    let documents: [JSONValue]
    do {
      documents = try YAML.parse(bytes, duplicateKeys: &duplicates)
    } catch {
      throw UsageError(message: "\(source): \(error)")
    }
    if let duplicate = duplicates.first {
      throw UsageError(message: "\(source): the key \(duplicate) stands there twice; remove one")
    }
    var objects: [KubeObject] = []
    for document in documents {
      let items = document["kind"]?.string?.hasSuffix("List") == true ? document["items"]?.array : nil
      for item in items ?? [document] { objects.append(try checked(item, source)) }
    }
    guard !objects.isEmpty else { throw UsageError(message: "\(source): there is no object in it") }
    return objects
  }

  private static func checked(_ json: JSONValue, _ source: String) throws -> KubeObject {
    guard json.object != nil else {
      throw UsageError(message: "\(source): a manifest is a mapping, this one is \(json.typeName)")
    }
    let object = KubeObject(json: json)
    for field in ["apiVersion", "kind"] where (json[field]?.string ?? "").isEmpty {
      throw UsageError(
        message: "\(source): \(field) is missing; each object needs apiVersion, kind and metadata.name")
    }
    guard !object.name.isEmpty || !object.generateName.isEmpty else {
      throw UsageError(message: "\(source): metadata.name of the \(object.kind) is missing")
    }
    return object
  }

  private static func expand(_ path: String) throws -> [String] {
    guard path != "-", (try? Files.status(path).kind) == .directory else { return [path] }
    return try Files.list(path).filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }
      .map { "\(path)/\($0)" }
  }
}
