internal import Linux

/// `apus endpoints [api|gateway]`: where a running `apus up` listens.
enum EndpointsCommand {
  static let verb = Verb.reporting("endpoints", "print where the API and the gateway listen: [api|gateway]") {
    arguments in
    let parsed = try Arguments(arguments, grammar: .init(options: ["data-dir"]))
    let endpoints = try Endpoints.read(from: try DataDirectory(option: parsed.value("data-dir")))
    switch parsed.positional.first {
    case nil: StandardStreams.write("api      \(endpoints.api)\ngateway  \(endpoints.gateway)\n")
    case "api": StandardStreams.write(endpoints.api + "\n")
    case "gateway": StandardStreams.write(endpoints.gateway + "\n")
    case let other?: throw UsageError(message: "there is no endpoint '\(other)': ask for api or gateway")
    }
    return 0
  }
}
