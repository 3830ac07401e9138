internal import KubeStore
internal import Lifecycle
internal import Linux

/// `apus up`: a control plane, a node and a gateway in one process, until it is told to stop.
enum UpCommand {
  static let verb = Verb(
    name: "up", summary: "run everything on this machine: [--data-dir D] [--samples DIR]"
  ) { arguments in
    do {
      let options = try UpOptions(arguments)
      let shutdown = try ShutdownSignal()
      let plane = try await EmbeddedPlane.start(options)
      announce(plane, options)
      await plane.run(until: { _ = await shutdown.wait() })
      return 0
    } catch let error as UsageError {
      return fail(error.message, code: 2)
    } catch StoreError.unavailable(let message) {
      return fail(message, code: 1)
    } catch {
      return fail("\(error)", code: 1)
    }
  }

  private static func fail(_ message: String, code: Int32) -> Int32 {
    StandardStreams.writeError("apus up: \(message)\n")
    return code
  }

  /// The line is there to be copied: a path with spaces or quotes must survive that.
  private static func shellQuoted(_ path: String) -> String {
    let plain = path.utf8.allSatisfy { byte in
      let scalar = UnicodeScalar(byte)
      return ("a"..."z" ~= scalar || "A"..."Z" ~= scalar || "0"..."9" ~= scalar)
        || "/._-".unicodeScalars.contains(scalar)
    }
    return plain ? path : "'" + path.replacing("'", with: "'\\''") + "'"
  }

  private static func announce(_ plane: EmbeddedPlane, _ options: UpOptions) {
    var text = "API      \(plane.endpoints.api)\ngateway  \(plane.endpoints.gateway)\n"
    text += "export KUBECONFIG=\(shellQuoted(options.directory.kubeconfigPath))\n"
    StandardStreams.write(text)
    if options.ingressDomain == UpOptions.defaultIngressDomain, !HostResolution.resolvesLocalhostNames() {
      StandardStreams.writeError(
        "note: this machine does not resolve *.localhost outside curl and browsers; "
          + "install libnss-myhostname, or use "
          + "the gateway's address with a Host header: "
          + "curl -H 'Host: NAME-NAMESPACE.localhost' "
          + "\(plane.endpoints.gateway)/v1/models/NAME:predict -d @FILE\n"
      )
    }
  }
}
