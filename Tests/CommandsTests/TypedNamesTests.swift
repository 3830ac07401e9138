import Testing

@testable import Commands

/// The ways in which people name objects, as kubectl takes them.
@Suite struct TypedNamesTests {
  @Test(arguments: [
    (["isvc"], ["isvc:"]),
    (["isvc", "a", "b"], ["isvc:a,b"]),
    (["isvc/a"], ["isvc:a"]),
    (["isvc/a", "pod/b"], ["isvc:a", "pod:b"]),
    (["pods,svc"], ["pods:", "svc:"]),
    (["pods,svc", "a"], ["pods:a", "svc:a"]),
  ])
  func typesAndNames(_ words: [String], _ expected: [String]) throws {
    let wishes = try GetCommand.wishes(words)
    #expect(wishes.map { "\($0.type):\($0.names.joined(separator: ","))" } == expected)
  }

  @Test(arguments: [[], [","], ["isvc", "pod/b"]])
  func whatNamesNothingIsAMistake(_ words: [String]) {
    #expect(throws: UsageError.self) { try GetCommand.wishes(words) }
  }

  @Test(arguments: [
    (["a"], "a"), (["isvc/a"], "a"), (["isvc", "a"], "a"), (["InferenceService", "a"], "a"), ([], nil),
    (["a", "b", "c"], nil),
  ])
  func theServiceThatIsWaitedFor(_ words: [String], _ name: String?) throws {
    #expect(try WaitCommand.serviceName(words) == name)
  }

  @Test func otherTypesAreNotWaitedFor() {
    let error = #expect(throws: UsageError.self) { try WaitCommand.serviceName(["pod/a"]) }
    #expect(error?.message.contains("'pod'") == true)
  }

  @Test func namesAreLedByTheirTypeWhereSeveralAreShown() {
    let table = Table(columns: [("Name", 0), ("Age", 0)], rows: [(["a", "1s"], "default")])
    #expect(table.named("pod/").rows.first?.cells == ["pod/a", "1s"])
    #expect(table.named("").rows.first?.cells == ["a", "1s"])
  }
}
