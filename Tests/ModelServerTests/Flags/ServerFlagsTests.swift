import ModelServer
import Testing

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
