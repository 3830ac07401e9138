import Formats
import Testing

@testable import Commands

@Suite struct ObjectDifferenceTests {
  private func list(_ old: String, _ new: String, onlyMentioned: Bool = false) throws -> [String] {
    ObjectDifference.list(
      try JSONValue(parsing: old), try JSONValue(parsing: new), onlyMentioned: onlyMentioned
    ).map { "\($0.path) \($0.old?.encodedText ?? "-") \($0.new?.encodedText ?? "-")" }
  }

  @Test func eachFieldIsNamedByItsPath() throws {
    let old = #"{"spec":{"a":1,"list":[{"n":"x"},2],"gone":true}}"#
    let new = #"{"spec":{"a":2,"list":[{"n":"y"}],"made":{"b":1}}}"#
    #expect(
      try list(old, new) == [
        "spec.a 1 2", #"spec.list[0].n "x" "y""#, "spec.list[1] 2 -", "spec.gone true -",
        #"spec.made - {"b":1}"#,
      ])
    #expect(try list(old, old).isEmpty)
  }

  @Test func whatTheServerKeepsIsNotShown() throws {
    let old =
      #"{"metadata":{"uid":"1","resourceVersion":"2","managedFields":[],"name":"n"},"status":{"a":1}}"#
    #expect(try list(old, #"{"metadata":{"name":"n"}}"#).isEmpty)
  }

  @Test func whatIsNotMentionedStays() throws {
    #expect(try list(#"{"a":{"b":1,"c":2}}"#, #"{"a":{"b":1}}"#, onlyMentioned: true).isEmpty)
    #expect(try list(#"{"a":{"b":1,"c":2}}"#, #"{"a":{"b":3}}"#, onlyMentioned: true) == ["a.b 1 3"])
  }
}
