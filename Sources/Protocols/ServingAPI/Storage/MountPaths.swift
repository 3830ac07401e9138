/// Arithmetic on absolute paths inside a pod.
public enum MountPaths {
  /// The deepest folder that holds all paths (a single path is its own); "/" where they share nothing.
  public static func commonParent(_ paths: [String]) -> String {
    guard var shared = paths.first?.split(separator: "/") else { return "/" }
    for path in paths.dropFirst() {
      let parts = path.split(separator: "/")
      let length = zip(shared, parts).prefix { $0 == $1 }.count
      shared = Array(shared.prefix(length))
    }
    return "/" + shared.joined(separator: "/")
  }

  /// A volume name for a path: `/mnt/models/a_b` → `mnt-models-a-b`; at most 63 characters.
  public static func volumeName(_ path: String) -> String {
    var name = ""
    for character in path.lowercased().utf8.prefix(256) {
      let isPlain =
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
      if isPlain {
        name.unicodeScalars.append(Unicode.Scalar(character))
      } else if name.last.map({ $0 != "-" }) ?? false {
        name += "-"
      }
    }
    name = String(name.prefix(63))
    while name.hasSuffix("-") { name.removeLast() }
    return name.isEmpty ? ServingPod.provisionVolume : name
  }
}
