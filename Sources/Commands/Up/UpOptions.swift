internal import Formats
internal import Linux
internal import NodeAgent
internal import ServingAPI

/// What `apus up` was asked for: flags, and `config.yaml` of the data directory (or `--config FILE`).
struct UpOptions: Sendable {
  static let defaultAPIPort = 6443
  static let defaultGatewayPort = 8081
  static let defaultIngressDomain = "localhost"

  var directory: DataDirectory
  var apiPort: Int
  var gatewayPort: Int
  /// The ports were asked for by flag: errors about them say so.
  var ingressDomain = UpOptions.defaultIngressDomain
  /// Claim name → absolute folder, offered in every namespace.
  var claims: [String: String] = [:]
  var images = ImageTable()
  /// False where objects are forgotten with the process.
  var keepsState = true

  static let grammar = Arguments.Grammar(
    options: ["data-dir", "api-port", "gateway-port", "samples", "config", "ingress-domain", "store"])

  init(_ arguments: [String]) throws {
    let parsed = try Arguments(arguments, grammar: Self.grammar)
    if let extra = parsed.positional.first {
      throw UsageError(message: "'\(extra)' is no option; see `apus help`")
    }
    directory = try DataDirectory(option: parsed.value("data-dir"))
    apiPort = try parsed.port("api-port") ?? Self.defaultAPIPort
    gatewayPort = try parsed.port("gateway-port") ?? Self.defaultGatewayPort
    try readConfiguration(parsed.value("config"))
    if let domain = parsed.value("ingress-domain") { ingressDomain = domain }
    guard DNSName.isSubdomain(ingressDomain) else {
      throw UsageError(
        message: "the ingress domain '\(ingressDomain)' is no DNS name, like models.example.com")
    }
    if apiPort == gatewayPort, apiPort != 0 {
      throw UsageError(message: "--api-port and --gateway-port are both \(apiPort); they need a port each")
    }
    if let store = parsed.value("store") {
      guard ["memory", "sqlite"].contains(store) else {
        throw UsageError(message: "--store \(store): use sqlite, or memory to forget everything at the end")
      }
      keepsState = store == "sqlite"
    }
    if let samples = parsed.value("samples") { claims["samples"] = try Self.folder(samples, "--samples") }
  }

  /// `images`, `claims` and `ingressDomain`; every other key is a mistake that is named.
  private mutating func readConfiguration(_ chosen: String?) throws {
    let path = chosen ?? "\(directory.path)/config.yaml"
    guard chosen != nil || Files.exists(path) else { return }
    let documents: [JSONValue]
    do {
      documents = try YAML.parse(try Files.read(path, limit: 1 << 20))
    } catch let error as LinuxError {
      throw UsageError(message: "the configuration \(path) cannot be read: \(error.reason)")
    } catch {
      throw UsageError(message: "\(path): \(error)")
    }
    for member in documents.first?.object?.members ?? [] {
      switch member.key {
      case "images":
        do { try images.extend(with: member.value) } catch {
          throw UsageError(message: "\(path): images: \(error)")
        }
      case "claims":
        for claim in member.value.object?.members ?? [] {
          guard let folder = claim.value.string else {
            throw UsageError(message: "\(path): claims.\(claim.key) must name a folder")
          }
          claims[claim.key] = try Self.folder(folder, "\(path): claims.\(claim.key)")
        }
      case "ingressDomain":
        guard let domain = member.value.string, !domain.isEmpty else {
          throw UsageError(message: "\(path): ingressDomain must be a domain name")
        }
        ingressDomain = domain
      default:
        throw UsageError(
          message: "\(path): unknown key '\(member.key)'; there are: claims, images, ingressDomain")
      }
    }
  }

  private static func folder(_ path: String, _ source: String) throws -> String {
    do {
      let absolute = try Files.canonicalPath(path)
      if try Files.status(absolute).kind == .directory { return absolute }
    } catch {
      throw UsageError(message: "\(source): \(path): \(error.reason)")
    }
    throw UsageError(message: "\(source): \(path) is no folder")
  }
}
