internal import Formats

/// What a program is given to be let into a store.
struct CredentialGrant {
  /// Entries of `env`.
  var variables: [JSONValue] = []
  /// Volumes, and where the program sees them.
  var volumes: [JSONValue] = []
  var mounts: [JSONValue] = []

  mutating func add(_ other: CredentialGrant) {
    variables += other.variables
    volumes += other.volumes
    mounts += other.mounts
  }

  /// What is already there by that name wins.
  func apply(to container: inout JSONValue, _ podVolumes: inout [JSONValue]) {
    for variable in variables { container.appendUnlessNamed(variable, to: "env") }
    for mount in mounts { container.appendUnlessNamed(mount, to: "volumeMounts") }
    for volume in volumes where !podVolumes.contains(where: { $0["name"] == volume["name"] }) {
      podVolumes.append(volume)
    }
  }

  /// A variable whose value stays in the secret.
  static func variable(_ name: String, secret: String, key: String) -> JSONValue {
    [
      "name": .string(name),
      "valueFrom": ["secretKeyRef": ["name": .string(secret), "key": .string(key)]],
    ]
  }

  static func variable(_ name: String, _ value: String) -> JSONValue {
    ["name": .string(name), "value": .string(value)]
  }
}
