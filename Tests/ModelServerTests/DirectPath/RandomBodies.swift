/// Bodies of requests for a `WeighingModel`: most of them plain, many bent in one way, some broken.
struct RandomBodies {
  let columns: Int
  private var generator = SystemRandomNumberGenerator()

  init(columns: Int) { self.columns = columns }

  private func chance(_ one: Int) -> Bool { Int.random(in: 1...one) == 1 }
  private func space() -> String { chance(6) ? [" ", "\n", "\t ", "\r\n"].randomElement() ?? "" : "" }

  func v2() -> String {
    let rows = Int.random(in: 1...4)
    let datatype =
      chance(10)
      ? pick("FP16", "UINT8", "BYTES", "BOOL", "FP99", "INT16")
      : pick("FP64", "FP32", "INT64", "INT32")
    let isFloat = datatype.hasPrefix("FP")
    var shape = "[\(rows),\(space())\(columns)]"
    if chance(15) {
      shape = pick(
        "[\(rows)]", "[]", "[\(rows),\(columns + 1)]", "[-1,4]", "[0,4]", "[01,4]", "4", "[\(rows * columns)]"
      )
    }
    var members = [
      "\"name\":\(space())\"input-0\"", "\"shape\":\(shape)",
      "\"datatype\":\(space())\"\(datatype)\"", "\"data\":\(data(rows, isFloat))",
    ]
    if chance(8) { members.shuffle() }
    if chance(20) { members.remove(at: Int.random(in: 0..<4)) }
    if chance(20) {
      members.append(
        pick("\"parameters\":{}", "\"parameters\":null", "\"x\":1", "\"name\":\"b\"", "\"parameters\":3"))
    }
    let input = "{\(space())" + members.joined(separator: "\(space()),\(space())") + "}"
    var top = ["\"inputs\":\(space())[\(input)\(chance(25) ? "," + input : "")]"]
    if chance(2) { top.append("\"id\":\(identifier())") }
    if chance(12) {
      top.append(
        pick(
          "\"parameters\":{\"a\":1}", "\"outputs\":[]", "\"outputs\":[{\"name\":\"output \\\"0\\\"\"}]",
          "\"outputs\":[{\"name\":\"y\"}]", "\"z\":[1,{\"a\":2}]"))
    }
    top.shuffle()
    return bent("{\(space())" + top.joined(separator: ",") + "\(space())}\(space())")
  }

  func v1() -> String {
    let key = chance(3) ? "inputs" : "instances"
    let rows = Int.random(in: 1...4)
    var top = ["\"\(key)\":\(data(rows, true))"]
    if chance(15) { top.append(pick("\"other\":1", "\"instances\":[[1,2,3,4]]", "\"inputs\":[]")) }
    if chance(10) { top.shuffle() }
    return bent("{\(space())" + top.joined(separator: ",") + "}\(space())")
  }

  private func data(_ rows: Int, _ isFloat: Bool) -> String {
    let width = chance(25) ? columns + 1 : columns
    let lines = (0..<rows).map { _ in
      (0..<width).map { _ in number(isFloat) + space() }.joined(separator: ",")
    }
    if chance(4) { return "[" + lines.joined(separator: ",") + "]" }
    if chance(30) { return pick("[]", "[[]]", "null", "1", "{}", "\"a\"", "[[[1,2,3,4]]]") }
    return "[" + lines.map { "[\($0)]" }.joined(separator: ",\(space())") + "]"
  }

  private func number(_ isFloat: Bool) -> String {
    if chance(60) {
      return pick(
        "null", "true", "\"1\"", "NaN", "01", "1.", "-", "1e400", "99999999999999999999", "[1]", "1e39")
    }
    if chance(20) {
      return pick("-0", "0", "-0.0", "1e2", "2E-3", "2147483648", "9007199254740993", "0.1e+1")
    }
    if !isFloat || chance(3) { return "\(Int.random(in: -1000...1000))" }
    return chance(3) ? "\(Double.random(in: -1...1))" : "\(Double(Int.random(in: -1000...1000)) / 10)"
  }

  private func identifier() -> String {
    chance(8)
      ? pick("null", "\"a\\n\\u0041\"", "\"ü\"", "17", "\"\"", "\"a\u{7F}b\"")
      : "\"r-\(Int.random(in: 0...99999))\""
  }

  /// One byte away, or cut.
  private func bent(_ text: String) -> String {
    if chance(25) { return String(text.prefix(Int.random(in: 0...text.count))) }
    if chance(25) {
      var characters = Array(text)
      characters.remove(at: Int.random(in: 0..<characters.count))
      return String(characters)
    }
    return text
  }

  private func pick(_ choices: String...) -> String { choices.randomElement() ?? "" }
}
