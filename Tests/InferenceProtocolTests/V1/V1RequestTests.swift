import InferenceProtocol
import TestSupport
import Testing

struct V1RequestTests {
  @Test(
    "numbers become the type that numpy infers",
    arguments: [
      ("[[1, 2], [3, 4]]", [2, 2], TensorValues.int64([1, 2, 3, 4])),
      ("[[1, 2.5], [3, 4]]", [2, 2], .float64([1, 2.5, 3, 4])),
      ("[[6.8, 2.8, 4.8, 1.4]]", [1, 4], .float64([6.8, 2.8, 4.8, 1.4])),
      ("[true, false]", [2], .bool([true, false])),
      ("[true, 2]", [2], .int64([1, 2])),
      ("[true, 2.5]", [2], .float64([1, 2.5])),
      ("[1e2]", [1], .float64([100])),
      ("[1.0]", [1], .float64([1])),
      ("[-0]", [1], .int64([0])),
      ("[9223372036854775807, -9223372036854775808]", [2], .int64([.max, .min])),
      ("[9223372036854775808]", [1], .float64([9.223372036854775808e18])),
      ("[[[1], [2]], [[3], [4]]]", [2, 2, 1], .int64([1, 2, 3, 4])),
      ("[\"a\", \"b\\u00e9\"]", [2], .strings(["a", "bé"])),
      ("[[\"a\"], [\"b\"]]", [2, 1], .strings(["a", "b"])),
      ("[]", [0], .float64([])),
      ("[[], []]", [2, 0], .float64([])),
    ])
  func infersTypes(list: String, shape: [Int], values: TensorValues) throws {
    let tensors = try decodeV1("{\"instances\": \(list)}")
    #expect(tensors == [Tensor(name: "instances", shape: shape, values: values)])
  }

  @Test func nullAmongNumbersIsNaN() throws {
    guard case .float64(let values) = try decodeV1("{\"instances\": [[1, null]]}")[0].values else {
      Issue.record("not FP64")
      return
    }
    #expect(values[0] == 1)
    #expect(values[1].isNaN)
  }

  @Test func inputsCountBeforeInstances() throws {
    #expect(try decodeV1("{\"instances\": [1], \"inputs\": [2]}")[0].values == .int64([2]))
    #expect(
      try decodeV1("{\"inputs\": [2], \"instances\": [1], \"x\": {\"y\": [1, {}]}}")[0].values == .int64([2]))
  }

  @Test func rowsWithNamesBecomeOneTensorPerColumn() throws {
    let tensors = try decodeV1("{\"instances\": [{\"a\": 1, \"b\": \"x\"}, {\"b\": \"y\", \"a\": 2.5}]}")
    #expect(
      tensors == [
        Tensor(name: "a", shape: [2], values: .float64([1, 2.5])),
        Tensor(name: "b", shape: [2], values: .strings(["x", "y"])),
      ])
  }

  @Test func columnsMayComeAsListsOrIndexedObjects() throws {
    let listed = try decodeV1("{\"inputs\": [{\"a\": [1, 2], \"b\": 7}, {\"a\": 3, \"b\": 8}]}")
    #expect(listed.map(\.values) == [.int64([1, 2, 3]), .int64([7, 7, 8])])
    let indexed = try decodeV1("{\"inputs\": [{\"a\": {\"0\": 1.5}, \"b\": {\"0\": 2.5}}]}")
    #expect(indexed.map(\.values) == [.float64([1.5]), .float64([2.5])])
    let nested = try decodeV1("{\"inputs\": [[{\"a\": 1}, {\"a\": 2}], [{\"a\": 3}]]}")
    #expect(nested == [Tensor(name: "a", shape: [3], values: .int64([1, 2, 3]))])
  }

  @Test func namesMissingInARowAreMissingValues() throws {
    let tensors = try decodeV1("{\"instances\": [{\"a\": 1}, {\"b\": 2}]}")
    #expect(tensors.map(\.name) == ["a", "b"])
    for (tensor, present) in zip(tensors, [0, 1]) {
      guard case .float64(let values) = tensor.values else {
        Issue.record("not FP64")
        continue
      }
      #expect(values.map(\.isNaN) == [present != 0, present != 1])
    }
  }

  @Test(
    "a wrong request is refused with a sentence that names the place",
    arguments: [
      ("{}", "Expected \"instances\" to be a list"),
      ("[1]", "Expected \"instances\" to be a list"),
      ("{\"instances\": 1}", "Expected \"instances\" to be a list"),
      ("{\"inputs\": {\"a\": 1}}", "Expected \"inputs\" to be a list"),
      ("{\"instances\": [[1, 2], [3]]}", "instances[1]: it has 1 values where those before have 2"),
      (
        "{\"instances\": [[1, 2], 3]}",
        "instances[1]: a number stands where a list was expected: all must have the same nesting"
      ),
      (
        "{\"instances\": [1, [2]]}",
        "instances[1]: a list stands where a number or text was expected: all must have the same nesting"
      ),
      ("{\"instances\": [[1], [\"a\"]]}", "instances[1]: text and numbers are mixed"),
      ("{\"instances\": [[1], [{}]]}", "instances[1]: an object stands where a number or text was expected"),
      ("{\"instances\": [1e999]}", "instances[0]: the number 1e999 is out of range"),
      (
        "{\"instances\": [{\"a\": 1}, 2]}",
        "instances[1]: a number stands where an object with named values was expected"
      ),
      (
        "{\"instances\": [{\"a\": [1, 2], \"b\": [1]}]}",
        "instances[0]: 'b' has 1 rows where the columns before have 2"
      ),
      ("{\"instances\": [{\"a\": 1, \"a\": 2}]}", "instances[0]: the name 'a' comes twice"),
      ("{\"instances\": [{\"a\": \"x\"}, {\"a\": 1}]}", "instances[1]: 'a': text and numbers are mixed"),
    ])
  func refuses(text: String, message: String) {
    let error = failure { () throws(InferenceRequestError) in try decodeV1(text) }
    #expect(error?.message == message)
    #expect(error?.code == .invalid)
  }

  @Test(
    "what is no JSON is refused in upstream's words",
    arguments: [
      "", "{", "{\"instances\": [1}", "{\"instances\": [1]} x", "{\"instances\": [01]}",
      "{\"instances\": [NaN]}",
      "{'instances': [1]}", "{\"instances\": [\"\u{1}\"]}",
    ])
  func refusesGarbage(text: String) throws {
    let error = try #require(failure { () throws(InferenceRequestError) in try decodeV1(text) })
    #expect(error.message.hasPrefix("Unrecognized request format: invalid JSON at byte"))
    #expect(error.code == .malformed)
  }

  @Test func limitsHold() {
    let deep =
      "{\"instances\": " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}"
    #expect(failure { () throws(InferenceRequestError) in try decodeV1(deep) }?.code == .tooLarge)
    let limits = InferenceLimits(elements: 4, tensors: 2)
    let many = "{\"instances\": [[1, 2, 3], [4, 5, 6]]}"
    #expect(
      failure { () throws(InferenceRequestError) in try decodeV1(many, limits: limits) }?.code == .tooLarge)
    let columns = "{\"instances\": [{\"a\": 1, \"b\": 2, \"c\": 3}]}"
    #expect(
      failure { () throws(InferenceRequestError) in try decodeV1(columns, limits: limits) }?.code == .tooLarge
    )
    let sparse = "{\"instances\": [{\"a\": [1, 2, 3, 4, 5, 6]}]}"
    #expect(
      failure { () throws(InferenceRequestError) in try decodeV1(sparse, limits: limits) }?.code == .tooLarge)
  }

  @Test func truncatedAndGarbledRequestsNeverCrash() {
    let texts = [
      "{\"instances\": [[6.8, 2.8e-3, -4, true, null], [\"a\\n\\u00e9\"]], \"parameters\": {\"a\": [1, {}]}}",
      "{\"inputs\": [{\"a\": {\"0\": 1.5}, \"b\": [1, 2]}, {\"c\": \"x\"}, [{\"a\": 2}]]}",
    ]
    var generator = SeededGenerator(seed: 20_261_121)
    for text in texts {
      for length in 0...text.utf8.count {
        let cut = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
        _ = failure { () throws(InferenceRequestError) in try decodeV1(cut) }
      }
      for _ in 0..<2000 {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
            in: 0...255, using: &generator)
        }
        _ = bytes.withUnsafeBytes { buffer in try? V1Request.decode(buffer) }
      }
    }
  }
}
