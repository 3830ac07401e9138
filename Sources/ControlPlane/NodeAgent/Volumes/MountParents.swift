internal import Linux

/// The folders above mounts that this machine does not have: in a container they would be there, since making
/// a mount makes them. Each is a folder of the pod's own with a link to every mount in it.
struct MountParents: Sendable, Hashable {
  struct Link: Sendable, Hashable {
    /// Below the container's view.
    var path: String
    var target: String
  }

  /// The topmost missing folder of each mount, and what stands for it.
  private(set) var folders: [String: String] = [:]
  private(set) var links: [Link] = []

  /// - Parameters:
  ///   - view: absolute; links and folders lie below it.
  ///   - exists: whether the machine has a path.
  init(_ mounts: [(mountPath: String, realPath: String)], view: String, exists: (String) -> Bool) {
    let all = mounts.map { (parts: $0.mountPath.split(separator: "/").map(String.init), real: $0.realPath) }
    for mount in all where mount.parts.count > 1 && mount.parts.allSatisfy(VolumePlan.isComponent) {
      let isInside = all.contains {
        !$0.parts.isEmpty && $0.parts.count < mount.parts.count && mount.parts.starts(with: $0.parts)
      }
      if isInside { continue }
      let parents = (1..<mount.parts.count).map { "/" + mount.parts.prefix($0).joined(separator: "/") }
      guard let missing = parents.first(where: { !exists($0) }) else { continue }
      folders[missing] = view + missing
      links.append(Link(path: "\(view)/\(mount.parts.joined(separator: "/"))", target: mount.real))
    }
  }

  /// Makes what is not there yet; a program that runs keeps what it sees. Blocks.
  func make() throws(LinuxError) {
    for link in links where (try? Files.symbolicLinkTarget(link.path)) != link.target {
      if let slash = link.path.lastIndex(of: "/") {
        try Files.createDirectories(String(link.path[..<slash]))
      }
      if (try? Files.status(link.path, followLinks: false)) != nil { try Files.removeFile(link.path) }
      try Files.createSymbolicLink(at: link.path, to: link.target)
    }
  }
}
