/// Who sends a request, as authentication found out: `authentication.k8s.io/v1 UserInfo`.
public struct KubeUser: Sendable, Hashable {
  public var name: String
  public var uid: String
  public var groups: [String]
  public var extra: [String: [String]]

  public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
    self.name = name
    self.uid = uid
    self.groups = groups
    self.extra = extra
  }

  /// Members of this group may do everything.
  public static let administrators = "system:masters"
  public static let authenticatedGroup = "system:authenticated"
  public static let anonymous = KubeUser(name: "system:anonymous", groups: ["system:unauthenticated"])

  /// The user that a ServiceAccount's token stands for.
  public static func serviceAccount(
    namespace: String, name: String, uid: String, extra: [String: [String]] = [:]
  ) -> KubeUser {
    KubeUser(
      name: "system:serviceaccount:\(namespace):\(name)", uid: uid,
      groups: [
        "system:serviceaccounts", "system:serviceaccounts:\(namespace)", authenticatedGroup,
      ], extra: extra)
  }
}
