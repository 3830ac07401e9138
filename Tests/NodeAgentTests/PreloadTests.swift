import Basics
import Formats
import KubeProtocol
import Linux
import Testing

@testable import NodeAgent

/// Runs Python scripts as foreign programs of pods.
private struct ForeignProgram {
  let folder: String
  let network: String
  let python: String
  let library: String

  init(_ folder: String, _ network: String) throws {
    self.folder = folder
    self.network = network
    let search = ProcessEnvironment.variable("PATH") ?? "/usr/bin"
    python = try #require(ProgramResolver.locate("python3", searchPath: search, directory: "/"))
    try Files.createDirectories("\(folder)/run")
    library = try NodeFiles.writePreloadLibrary(folder)
  }

  func run(_ script: String, pod: Int, extra: [String] = []) throws -> String {
    let output = "\(folder)/output-\(pod)-\(SystemRandom().nameSuffix())"
    let file = try Files.open(output, .write)
    let process = try ChildProcess.start(
      ChildProcess.Request(
        path: python, arguments: ["python3", "-c", script],
        environment: NodeSettings.inheritedVariables().map { "\($0.0)=\($0.1)" } + [
          "LD_PRELOAD=\(library)", pod == 0 ? "X=1" : "POD_IP=\(network).0.\(pod)",
          "HOSTNAME=pod-\(pod)",
          "APUS_NAMESPACE=ns1", "APUS_NAMES_FILE=\(folder)/run/names", "NETWORK=\(network)",
        ] + extra, descriptors: [nil, file.number, file.number]))
    let exit = try process.wait()
    let text = String(decoding: try Files.read(output), as: UTF8.self)
    return exit.code == 0 ? text : "exit \(exit.code): \(text)"
  }
}

@Suite struct PreloadTests {
  @Test func twoPodsListenOnTheSamePortAndAnswerForThemselves() async throws {
    let pool = try LoopbackAddressPool(first: 140)
    defer { withExtendedLifetime(pool) {} }
    try await withTemporaryFolder { folder in
      let program = try ForeignProgram(folder, "127.\(pool.network)")
      // Both bind the wildcard on one port, as IPv4 and as IPv6-only socket, and ask localhost who is there.
      let script = """
        import os, socket, sys, threading, time
        port = 18081
        servers = []
        four = socket.socket(); four.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        four.bind(("0.0.0.0", port)); servers.append(four)
        six = socket.socket(socket.AF_INET6); six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        six.bind(("::", port)); servers.append(six)
        assert four.getsockname() == ("0.0.0.0", port), four.getsockname()
        assert six.getsockname()[0] == "::", six.getsockname()
        for server in servers: server.listen()
        def serve(server):
            while True:
                client, _ = server.accept(); client.sendall(os.environ["HOSTNAME"].encode()); client.close()
        for server in servers: threading.Thread(target=serve, args=(server,), daemon=True).start()
        folder = sys.argv[1] if len(sys.argv) > 1 else os.environ["MEET"]
        open(os.path.join(folder, os.environ["HOSTNAME"]), "w").close()
        while len(os.listdir(folder)) < 2: time.sleep(0.01)
        for host in ("localhost", "127.0.0.1", "::1", socket.gethostname(), os.environ["POD_IP"]):
            answer = socket.create_connection((host, port)).recv(100).decode()
            assert answer == os.environ["HOSTNAME"], (host, answer)
        other = "1" if os.environ["HOSTNAME"].endswith("2") else "2"
        print(socket.create_connection((os.environ["NETWORK"] + ".0." + other, port)).recv(100).decode())
        open(os.path.join(os.environ["LEAVE"], os.environ["HOSTNAME"]), "w").close()
        while len(os.listdir(os.environ["LEAVE"])) < 2: time.sleep(0.01)
        """
      try Files.createDirectories("\(folder)/meet")
      try Files.createDirectories("\(folder)/leave")
      let extra = ["MEET=\(folder)/meet", "LEAVE=\(folder)/leave"]
      let workers = BlockingWorkers(name: "foreign", threads: 2)
      async let first = workers.run { try program.run(script, pod: 1, extra: extra) }
      async let second = workers.run { try program.run(script, pod: 2, extra: extra) }
      let answers = try await [first, second]
      #expect(answers == ["pod-2\n", "pod-1\n"])
    }
  }

  @Test func aDataDirectoryWithSpacesAndColonsWorksToo() async throws {
    let pool = try LoopbackAddressPool(first: 140)
    defer { withExtendedLifetime(pool) {} }
    try await withTemporaryFolder { folder in
      let awkward = "\(folder)/my models: $HOME"
      try Files.createDirectories(awkward)
      let program = try ForeignProgram(awkward, "127.\(pool.network)")
      let script = "import socket; s = socket.socket(); s.bind(('', 18085)); print(s.getsockname()[0])"
      let bound = try program.run(script, pod: 1)
      #expect(bound.hasSuffix(".0.1\n") || bound == "0.0.0.0\n")
      #expect(!bound.contains("cannot be preloaded"))
    }
  }

  @Test func anIPv6OnlySocketMayComeFirst() async throws {
    let pool = try LoopbackAddressPool(first: 140)
    defer { withExtendedLifetime(pool) {} }
    try await withTemporaryFolder { folder in
      let program = try ForeignProgram(folder, "127.\(pool.network)")
      let script = """
        import socket
        six = socket.socket(socket.AF_INET6); six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", 18082))
        four = socket.socket(); four.bind(("", 18082)); four.listen(); six.listen()
        both = socket.socket(socket.AF_INET6); both.bind(("::", 18083)); both.listen()
        again = socket.socket()
        try:
            again.bind(("0.0.0.0", 18083))
        except OSError as error:
            print(error.strerror)
        """
      #expect(try program.run(script, pod: 1) == "Address already in use\n")
    }
  }

  @Test func clusterNamesAndPortsComeFromTheNamesFile() async throws {
    let pool = try LoopbackAddressPool(first: 140)
    defer { withExtendedLifetime(pool) {} }
    try await withTemporaryFolder { folder in
      let network = "127.\(pool.network)"
      let program = try ForeignProgram(folder, network)
      var service = KubeObject(.services, namespace: "ns1", name: "svc-a")
      service.spec = ["clusterIP": .string("\(network).128.9"), "ports": [["port": 80]]]
      var table = ServiceTable()
      _ = table.set(service.key, ServiceEntry(service: service, slices: []))
      let standIn = PortStandIn(address: "\(network).128.9", port: 80, standIn: 18_084)
      try Files.writeAtomically(table.namesFile(standIns: [standIn]), to: "\(folder)/run/names")
      let script = """
        import os, socket
        address = os.environ["NETWORK"] + ".128.9"
        full = "svc-a.ns1.svc.cluster.local"
        for name in ("svc-a", "svc-a.ns1", "svc-a.ns1.svc", full, full.upper() + "."):
            assert socket.gethostbyname(name) == address, name
            assert socket.getaddrinfo(name, 80, socket.AF_INET)[0][4] == (address, 80), name
        for name in ("svc-a.other", "svc-a.ns1.pod", "", "x" * 300, "svc-a.ns1.svc.cluster.local.com"):
            try:
                found = socket.getaddrinfo(name or None, None if name == "" else 80, socket.AF_INET)
                assert name != "" or found, name
                assert name == "", (name, found)
            except (OSError, UnicodeError):
                pass
        server = socket.socket(); server.bind((address, 18084)); server.listen()
        client = socket.create_connection(("svc-a", 80))
        print(client.getpeername()[1], socket.gethostname())
        """
      #expect(try program.run(script, pod: 3) == "18084 pod-3\n")
      try Files.writeAtomically(
        Bytes("name svc-a\nport\n\u{0}\n   \nname a b c d e f\n".utf8), to: "\(folder)/run/names")
      let after = """
        import socket
        try:
            print(socket.gethostbyname("svc-a"))
        except OSError:
            print("unknown")
        """
      #expect(try program.run(after, pod: 3) == "unknown\n")
    }
  }

  @Test func withoutAPodAddressNothingChanges() async throws {
    try await withTemporaryFolder { folder in
      let program = try ForeignProgram(folder, "127.1")
      let script = """
        import os, socket
        server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen()
        print(socket.create_connection(server.getsockname()).getpeername()[0])
        """
      #expect(try program.run(script, pod: 0) == "127.0.0.1\n")
    }
  }
}
