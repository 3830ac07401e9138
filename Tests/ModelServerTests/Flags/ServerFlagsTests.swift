import HTTPTransport
import Testing

@testable import ModelServer

struct ServerFlagsTests {
  @Test func defaultsAreUpstreams() throws {
    let flags = try ServerFlags.parse([])
    #expect(flags.modelName == "model")
    #expect(flags.httpPort == 8080)
    #expect(flags.grpcPort == 8081)
    #expect(flags.workers == 1)
    #expect(flags.maxThreads == 4)
    #expect(flags.enableGRPC)
    #expect(flags.enableLatencyLogging)
    #expect(flags.framework == nil)
    #expect(flags.host == nil)
    #expect(flags.given.isEmpty)
  }

  @Test func theServicesNameStandsInForAModelsName() throws {
    let variable = { (name: String) in name == "INFERENCE_SERVICE_NAME" ? "iris" : nil }
    #expect(try ServerFlags.parse([], variable: variable).modelName == "iris")
    #expect(try ServerFlags.parse(["--model_name=own"], variable: variable).modelName == "own")
    let both = { (name: String) in name == "APUS_SERVER_MODEL_NAME" ? "named" : variable(name) }
    #expect(try ServerFlags.parse([], variable: both).modelName == "named")
  }

  @Test(
    "flags come with underscores or dashes, attached or apart",
    arguments: [
      ["--model_name", "iris", "--http_port", "9000", "--model_dir", "/m"],
      ["--model-name", "iris", "--http-port", "9000", "--model-dir", "/m"],
      ["--model_name=iris", "--http_port=9000", "--model-dir=/m"],
      ["--model_name=other", "--http_port=1", "--model-dir=/m", "--model-name", "iris", "--http-port=9000"],
    ])
  func spellings(arguments: [String]) throws {
    let flags = try ServerFlags.parse(arguments)
    #expect(flags.modelName == "iris")
    #expect(flags.httpPort == 9000)
    #expect(flags.modelDirectory == "/m")
    #expect(flags.given == ["model_name", "http_port", "model_dir"])
    #expect(flags.ignored.isEmpty)
  }

  @Test(
    "booleans are read as upstream reads them",
    arguments: [
      ("true", true), ("Yes", true), ("y", true), ("T", true), ("on", true), ("1", true), ("false", false),
      ("no", false),
      ("N", false), ("f", false), ("off", false), ("0", false),
    ])
  func booleans(text: String, value: Bool) throws {
    #expect(try ServerFlags.parse(["--enable_grpc", text]).enableGRPC == value)
    #expect(try ServerFlags.parse(["--enable-latency-logging=\(text)"]).enableLatencyLogging == value)
  }

  @Test(
    "a wrong value is refused in argparse's words",
    arguments: [
      (["--http_port", "x"], "argument --http_port: invalid int value: 'x'"),
      (["--http_port", "70000"], "argument --http_port: 70000 is not between 0 and 65535"),
      (["--http-port"], "argument --http_port: expected one argument"),
      (["--workers=0"], "argument --workers: 0 is not between 1 and 256"),
      (
        ["--model_name", " "],
        "argument --model_name: ' ' is no name that a request could ask for: it is empty or ends in spaces"
      ),
      (
        ["--model_name="],
        "argument --model_name: '' is no name that a request could ask for: it is empty or ends in spaces"
      ),
      (
        ["--model-name", "iris "],
        "argument --model_name: 'iris ' is no name that a request could ask for: it is empty or ends in spaces"
      ),
      (
        ["--model_name", "a/b"],
        "argument --model_name: 'a/b' is no name that a request could ask for: it has a slash"
      ),
      (
        ["--model_name", ".."],
        "argument --model_name: '..' is no name that a request could ask for: clients take it for a folder"
      ),
      (
        ["--model_name", "a\nb"],
        "argument --model_name: 'a?b' is no name that a request could ask for: it has a control character"
      ),
      (["--enable_grpc", "maybe"], "argument --enable_grpc: invalid truth value 'maybe', use true or false"),
    ])
  func refuses(arguments: [String], message: String) {
    #expect(throws: ServerFlags.InvalidFlag.self) { try ServerFlags.parse(arguments) }
    do {
      _ = try ServerFlags.parse(arguments)
    } catch {
      #expect(error.message == message)
    }
  }

  @Test func unknownArgumentsAreIgnoredWithTheirValues() throws {
    let flags = try ServerFlags.parse([
      "stray", "--unknown", "7", "--other=8", "--bare", "--http_port", "1", "--nthread", "4",
      "--enable_predictor_health_check", "--model_name", "m", "--",
    ])
    #expect(flags.ignored == ["stray", "--unknown", "7", "--other=8", "--bare", "--"])
    #expect(flags.httpPort == 1)
    #expect(flags.modelName == "m")
  }
}

extension ServerFlagsTests {
  @Test func theFlagsOfUpstreamsBatcherTurnItOn() throws {
    #expect(try ServerFlags.parse([]).modelSettings.batching == nil)
    let settings = try ServerFlags.parse(["--max-batchsize", "16"]).modelSettings
    #expect(
      settings.batching == BatchSettings(maximumRows: 16, maximumDelay: .seconds(5), showsBatchID: true))
    let other = try ServerFlags.parse(["--max_latency=20", "--batch_ids=false"]).modelSettings
    #expect(
      other.batching == BatchSettings(maximumRows: 32, maximumDelay: .milliseconds(20), showsBatchID: false))
  }

  @Test func bytesHaveUnits() throws {
    let cases = [
      ("0", 0), ("100", 100), ("2K", 2000), ("512Mi", 512 << 20), ("1Gi", 1 << 30), ("3G", 3_000_000_000),
    ]
    for (text, bytes) in cases {
      #expect(try ServerFlags.parse(["--model_memory_limit", text]).modelMemoryLimit == bytes)
    }
    for text in ["x", "-1", "1.5Gi", "1Ti", "99999999999999999999", "9000000000000000000G"] {
      #expect(throws: ServerFlags.InvalidFlag.self) {
        try ServerFlags.parse(["--response_cache_bytes", text])
      }
    }
  }

  @Test func variablesStandInForFlagsThatWereNotGiven() throws {
    let variables = [
      "APUS_SERVER_QUEUE_SIZE": "7", "APUS_SERVER_WORKERS": "3", "APUS_SERVER_MAX_BATCHSIZE": "4",
    ]
    let flags = try ServerFlags.parse(["--workers", "2"]) { variables[$0] }
    #expect(flags.queueSize == 7)
    #expect(flags.workers == 2)
    #expect(flags.modelSettings.batching?.maximumRows == 4)
    #expect(throws: ServerFlags.InvalidFlag.self) {
      try ServerFlags.parse([]) { $0 == "APUS_SERVER_WORKERS" ? "many" : nil }
    }
  }

  @Test func anyFreePortIsMeantForBoth() throws {
    #expect(try ServerFlags.parse(["--http_port", "0"]).grpcPort == 0)
    #expect(try ServerFlags.parse(["--http_port", "0", "--grpc_port", "9"]).grpcPort == 9)
  }

  @Test func messageLengthsOfGRPCAreHeeded() throws {
    let limits = try ServerFlags.parse([
      "--grpc_max_send_message_length", "-1", "--grpc_max_receive_message_length=100",
    ]).grpcLimits
    #expect(limits.sendMessageBytes == Int(Int32.max))
    #expect(limits.receiveMessageBytes == 100)
  }
}
